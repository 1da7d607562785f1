#include "dialog2.hpp"

#include "preview.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

namespace mirra_gimp {
namespace {

using mirra_filters::Filter;
using mirra_filters::Setting;
using mirra_filters::Values;
using Type = Setting::Type;

class Dialog;

// A setting with its widgets.
struct Row {
    Dialog *dialog;
    const Setting *setting;
    std::vector<mirra_filters::Choice> choices;
    GtkWidget *label = nullptr;
    GtkWidget *widget = nullptr;
};

class Dialog {
  public:
    Dialog(const Filter &filter, Values &values, Drawable drawable);
    ~Dialog() { gtk_widget_destroy(window_); }
    Dialog(const Dialog &) = delete;
    Dialog &operator=(const Dialog &) = delete;

    bool run() { return gimp_dialog_run(GIMP_DIALOG(window_)) == GTK_RESPONSE_OK; }
    [[nodiscard]] std::string value(const Setting &setting) const;
    void set(const Setting &setting, const std::string &value);

  private:
    GtkWidget *table(bool advanced);
    void show_what_counts();

    const Filter &filter_;
    Values &values_;
    std::vector<std::unique_ptr<Row>> rows_; // whose addresses the widgets keep
    Preview preview_;
    GtkWidget *window_;
};

double number_of(const std::string &text) {
    double number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Row &row_of(gpointer data) {
    return *static_cast<Row *>(data);
}

void set(gpointer data, const std::string &value) {
    row_of(data).dialog->set(*row_of(data).setting, value);
}

// ---- A widget for each type

GtkWidget *toggle(Row &row, const std::string &value) {
    GtkWidget *const button = gtk_check_button_new_with_label(row.setting->label.c_str());
    gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(button), value == "true" ? TRUE : FALSE);
    const auto on_toggled = +[](GtkToggleButton *toggled, gpointer data) {
        set(data, gtk_toggle_button_get_active(toggled) != 0 ? "true" : "false");
    };
    g_signal_connect(button, "toggled", G_CALLBACK(on_toggled), &row);
    return button;
}

double step_of(const Setting &setting) {
    if (setting.step > 0) return setting.step;
    return setting.type == Type::whole ? 1 : (setting.soft_maximum - setting.soft_minimum) / 100;
}

// A slider over the soft range, and a field for the hard one.
GtkWidget *number(Row &row, const std::string &value) {
    const Setting &setting = *row.setting;
    const double step = step_of(setting);
    GtkObject *const adjustment =
        gtk_adjustment_new(number_of(value), setting.minimum, setting.maximum, step, 10 * step, 0);
    GtkWidget *const box = gtk_hbox_new(FALSE, 6);
    GtkWidget *const field =
        gtk_spin_button_new(GTK_ADJUSTMENT(adjustment), step, setting.type == Type::whole ? 0 : 3);
    const bool slides = setting.soft_minimum == setting.minimum && setting.soft_maximum == setting.maximum;
    if (slides) {
        GtkWidget *const slider = gtk_hscale_new(GTK_ADJUSTMENT(adjustment));
        gtk_scale_set_draw_value(GTK_SCALE(slider), FALSE);
        gtk_widget_set_size_request(slider, 140, -1);
        gtk_box_pack_start(GTK_BOX(box), slider, TRUE, TRUE, 0);
    }
    gtk_box_pack_end(GTK_BOX(box), field, !slides, !slides, 0);
    const auto on_changed = +[](GtkAdjustment *changed, gpointer data) {
        set(data, mirra_filters::text_of(gtk_adjustment_get_value(changed)));
    };
    g_signal_connect(adjustment, "value-changed", G_CALLBACK(on_changed), &row);
    return box;
}

GtkWidget *choice(Row &row, const std::string &value) {
    GtkWidget *const combo = gtk_combo_box_text_new();
    int place = 0;
    for (const auto &each : row.choices) {
        gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(combo), each.label.c_str());
        if (each.value == value) gtk_combo_box_set_active(GTK_COMBO_BOX(combo), place);
        ++place;
    }
    const auto on_changed = +[](GtkComboBox *changed, gpointer data) {
        const int active = gtk_combo_box_get_active(changed);
        if (active >= 0) set(data, row_of(data).choices[static_cast<std::size_t>(active)].value);
    };
    g_signal_connect(combo, "changed", G_CALLBACK(on_changed), &row);
    return combo;
}

GtkWidget *text(Row &row, const std::string &value) {
    GtkWidget *const entry = gtk_entry_new();
    gtk_entry_set_text(GTK_ENTRY(entry), value.c_str());
    const auto on_changed = +[](GtkEntry *changed, gpointer data) { set(data, gtk_entry_get_text(changed)); };
    g_signal_connect(entry, "changed", G_CALLBACK(on_changed), &row);
    return entry;
}

// A field that may stay empty, and a button that looks for a file.
GtkWidget *file(Row &row, const std::string &value) {
    GtkWidget *const box = gtk_hbox_new(FALSE, 6);
    GtkWidget *const entry = text(row, value);
    GtkWidget *const button = gtk_button_new_with_label("Browse ...");
    gtk_box_pack_start(GTK_BOX(box), entry, TRUE, TRUE, 0);
    gtk_box_pack_end(GTK_BOX(box), button, FALSE, FALSE, 0);
    const auto on_clicked = +[](GtkWidget *clicked, gpointer data) {
        GtkWidget *const chooser = gtk_file_chooser_dialog_new(
            "Choose a file", GTK_WINDOW(gtk_widget_get_toplevel(clicked)), GTK_FILE_CHOOSER_ACTION_OPEN,
            "_Cancel", GTK_RESPONSE_CANCEL, "_Open", GTK_RESPONSE_ACCEPT, nullptr);
        if (gtk_dialog_run(GTK_DIALOG(chooser)) == GTK_RESPONSE_ACCEPT) {
            const std::unique_ptr<char, decltype(&g_free)> path(
                gtk_file_chooser_get_filename(GTK_FILE_CHOOSER(chooser)), g_free);
            if (path) gtk_entry_set_text(GTK_ENTRY(data), path.get());
        }
        gtk_widget_destroy(chooser);
    };
    g_signal_connect(button, "clicked", G_CALLBACK(on_clicked), entry);
    return box;
}

GtkWidget *color(Row &row, const std::string &value) {
    GdkColor shown{};
    gdk_color_parse(value.substr(0, 7).c_str(), &shown);
    GtkWidget *const button = gtk_color_button_new_with_color(&shown);
    const auto on_set = +[](GtkColorButton *chosen, gpointer data) {
        GdkColor now{};
        gtk_color_button_get_color(chosen, &now);
        const std::unique_ptr<char, decltype(&g_free)> name(
            g_strdup_printf("#%02x%02x%02x", now.red >> 8, now.green >> 8, now.blue >> 8), g_free);
        set(data, name.get());
    };
    g_signal_connect(button, "color-set", G_CALLBACK(on_set), &row);
    return button;
}

GtkWidget *widget_of(Row &row, const std::string &value) {
    if (!row.choices.empty()) return choice(row, value);
    switch (row.setting->type) {
    case Type::boolean:
        return toggle(row, value);
    case Type::whole:
    case Type::real:
        return number(row, value);
    case Type::file:
        return file(row, value);
    case Type::color:
        return color(row, value);
    default:
        break;
    }
    return text(row, value);
}

std::string label_of(const Setting &setting) {
    return setting.label + (setting.unit.empty() ? "" : " (" + setting.unit + ")") + ":";
}

// ---- The dialog

Dialog::Dialog(const Filter &filter, Values &values, Drawable drawable)
    : filter_(filter)
    , values_(values)
    , preview_(filter, drawable, [this] { return values_; })
    , window_(gimp_dialog_new(filter.label.c_str(), "mirra", nullptr, GtkDialogFlags(0),
                              gimp_standard_help_func, nullptr, "_Cancel", GTK_RESPONSE_CANCEL, "_OK",
                              GTK_RESPONSE_OK, nullptr)) {
    gimp_window_set_transient(GTK_WINDOW(window_));
    GtkWidget *const columns = gtk_hbox_new(FALSE, 12);
    gtk_container_set_border_width(GTK_CONTAINER(columns), 12);
    gtk_box_pack_start(GTK_BOX(gtk_dialog_get_content_area(GTK_DIALOG(window_))), columns, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(columns), preview_.widget(), TRUE, TRUE, 0);
    GtkWidget *const right = gtk_vbox_new(FALSE, 12);
    gtk_box_pack_start(GTK_BOX(columns), right, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(right), table(false), FALSE, FALSE, 0);
    GtkWidget *const more = gtk_expander_new("More");
    gtk_container_add(GTK_CONTAINER(more), table(true));
    gtk_box_pack_start(GTK_BOX(right), more, FALSE, FALSE, 0);
    gtk_widget_show_all(window_);
    show_what_counts();
}

GtkWidget *Dialog::table(bool advanced) {
    GtkWidget *const made = gtk_table_new(1, 2, FALSE);
    gtk_table_set_row_spacings(GTK_TABLE(made), 6);
    gtk_table_set_col_spacings(GTK_TABLE(made), 6);
    guint line = 0;
    for (const Setting &setting : filter_.settings) {
        if (setting.advanced != advanced) continue;
        rows_.push_back(std::make_unique<Row>(Row{this, &setting, filters().choices(setting)}));
        Row &row = *rows_.back();
        row.widget = widget_of(row, value(setting));
        gtk_widget_set_tooltip_text(row.widget, setting.doc.c_str());
        if (setting.type != Type::boolean) {
            row.label = gtk_label_new(label_of(setting).c_str());
            gtk_misc_set_alignment(GTK_MISC(row.label), 0, 0.5F);
            gtk_table_attach(GTK_TABLE(made), row.label, 0, 1, line, line + 1, GTK_FILL, GTK_FILL, 0, 0);
        }
        gtk_table_attach_defaults(GTK_TABLE(made), row.widget, 1, 2, line, line + 1);
        ++line;
    }
    return made;
}

std::string Dialog::value(const Setting &setting) const {
    const auto found = values_.find(setting.name);
    return found == values_.end() ? setting.initial : found->second;
}

void Dialog::set(const Setting &setting, const std::string &value) {
    values_[setting.name] = value;
    show_what_counts();
    preview_.renew();
}

void Dialog::show_what_counts() {
    for (const auto &row : rows_) {
        const bool shown = filter_.counts(*row->setting, values_);
        gtk_widget_set_visible(row->widget, shown ? TRUE : FALSE);
        if (row->label != nullptr) gtk_widget_set_visible(row->label, shown ? TRUE : FALSE);
    }
}

} // namespace

bool ask(const Filter &filter, Values &values, Drawable drawable) {
    gimp_ui_init("mirra", TRUE);
    Values changed = values;
    Dialog dialog(filter, changed, drawable);
    if (!dialog.run()) return false;
    values = std::move(changed);
    return true;
}

} // namespace mirra_gimp
