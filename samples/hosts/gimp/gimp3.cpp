// The plug-in for GIMP 3: a procedure plug-in-mirra-NAME for each task of Mirra that makes a picture of one.
#include "drawable.hpp"
#include "preview.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace mirra_gimp;
using mirra_filters::Filter;
using mirra_filters::Setting;
using mirra_filters::Values;
using Type = Setting::Type;

struct Plugin {
    GimpPlugIn parent;
    gboolean begins; ///< GIMP starts, and asks what there is: nobody waits for a dialog
};
struct PluginClass {
    GimpPlugInClass parent;
};

struct Free {
    void operator()(void *memory) const noexcept { g_free(memory); }
    void operator()(GFile *file) const noexcept { g_object_unref(file); }
    void operator()(GeglColor *color) const noexcept { g_object_unref(color); }
    void operator()(GList *list) const noexcept { g_list_free(list); }
    void operator()(GimpValueArray *values) const noexcept { gimp_value_array_unref(values); }
};
template<class T> using Owned = std::unique_ptr<T, Free>;

// ---- Settings as arguments

std::string argument_name(const std::string &setting) {
    std::string name = setting;
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

double number_of(const std::string &text) {
    return g_ascii_strtod(text.c_str(), nullptr);
}

int whole_of(double number) {
    constexpr double most = std::numeric_limits<int>::max();
    return static_cast<int>(std::clamp(number, -most, most));
}

GimpChoice *choice_of(const std::vector<mirra_filters::Choice> &choices) {
    GimpChoice *const choice = gimp_choice_new(); // the argument takes it
    int number = 0;
    for (const auto &each : choices)
        gimp_choice_add(choice, each.value.c_str(), number++, each.label.c_str(), nullptr);
    return choice;
}

// `choices`: what the dialog offers; empty: what is not to be chosen among.
void add_argument(GimpProcedure *procedure, const Setting &setting,
                  const std::vector<mirra_filters::Choice> &choices) {
    const std::string name = argument_name(setting.name);
    const std::string label = setting.label + (setting.unit.empty() ? "" : " (" + setting.unit + ")");
    const char *const doc = setting.doc.c_str();
    const char *const initial = setting.initial.c_str();
    constexpr GParamFlags flags = G_PARAM_READWRITE;
    if (!choices.empty())
        return gimp_procedure_add_choice_argument(procedure, name.c_str(), label.c_str(), doc,
                                                  choice_of(choices), initial, flags);
    switch (setting.type) {
    case Type::boolean:
        return gimp_procedure_add_boolean_argument(procedure, name.c_str(), label.c_str(), doc,
                                                   setting.initial == "true", flags);
    case Type::whole:
        return gimp_procedure_add_int_argument(procedure, name.c_str(), label.c_str(), doc,
                                               whole_of(setting.minimum), whole_of(setting.maximum),
                                               whole_of(number_of(setting.initial)), flags);
    case Type::real:
        return gimp_procedure_add_double_argument(procedure, name.c_str(), label.c_str(), doc,
                                                  setting.minimum, setting.maximum,
                                                  number_of(setting.initial), flags);
    case Type::file:
        return gimp_procedure_add_file_argument(procedure, name.c_str(), label.c_str(), doc,
                                                GIMP_FILE_CHOOSER_ACTION_OPEN, TRUE, nullptr, flags);
    case Type::color: {
        const Owned<GeglColor> color(gegl_color_new(initial));
        return gimp_procedure_add_color_argument(procedure, name.c_str(), label.c_str(), doc, TRUE,
                                                 color.get(), flags);
    }
    default:
        break;
    }
    gimp_procedure_add_string_argument(procedure, name.c_str(), label.c_str(), doc, initial, flags);
}

// ---- Arguments as values

template<class T> T property(GObject *config, const std::string &name) {
    T value{};
    g_object_get(config, name.c_str(), &value, nullptr);
    return value;
}

std::string text_of_file(GObject *config, const std::string &name) {
    const Owned<GFile> file(property<GFile *>(config, name));
    if (!file) return "";
    const Owned<char> path(g_file_get_path(file.get()));
    return path ? path.get() : "";
}

std::string text_of_color(GObject *config, const Setting &setting, const std::string &name) {
    const Owned<GeglColor> color(property<GeglColor *>(config, name));
    if (!color) return setting.initial;
    std::uint8_t rgba[4];
    gegl_color_get_pixel(color.get(), babl_format("R'G'B'A u8"), rgba);
    const Owned<char> text(rgba[3] == 255
                               ? g_strdup_printf("#%02x%02x%02x", rgba[0], rgba[1], rgba[2])
                               : g_strdup_printf("#%02x%02x%02x%02x", rgba[0], rgba[1], rgba[2], rgba[3]));
    return text.get();
}

std::string text_of(GObject *config, const Setting &setting) {
    const std::string name = argument_name(setting.name);
    switch (setting.type) {
    case Type::boolean:
        return property<gboolean>(config, name) != 0 ? "true" : "false";
    case Type::whole:
        return std::to_string(property<gint>(config, name));
    case Type::real:
        return mirra_filters::text_of(property<gdouble>(config, name));
    case Type::file:
        return text_of_file(config, name);
    case Type::color:
        return text_of_color(config, setting, name);
    default:
        break;
    }
    const Owned<char> text(property<gchar *>(config, name));
    return text ? text.get() : "";
}

Values values_of(const Filter &filter, GimpProcedureConfig *config) {
    Values values;
    for (const Setting &setting : filter.settings) values[setting.name] = text_of(G_OBJECT(config), setting);
    return values;
}

// ---- The dialog, which GIMP makes of the arguments

// Names of the arguments that a dialog shows at first, or of the others.
std::vector<std::string> names_of(const Filter &filter, bool advanced) {
    std::vector<std::string> names;
    for (const Setting &setting : filter.settings)
        if (setting.advanced == advanced) names.push_back(argument_name(setting.name));
    return names;
}

Owned<GList> list_of(const std::vector<std::string> &names) {
    GList *list = nullptr;
    for (const std::string &name : names) list = g_list_append(list, const_cast<char *>(name.c_str()));
    return Owned<GList>(list);
}

// Fields whose "NAME=VALUE|VALUE" does not hold are gray.
void grey_what_does_not_count(GimpProcedureDialog *dialog, GimpProcedureConfig *config,
                              const Filter &filter) {
    for (const Setting &setting : filter.settings) {
        const auto equals = setting.visible_if.find('=');
        if (equals == std::string::npos) continue;
        const Setting *const other = filter.setting(setting.visible_if.substr(0, equals));
        const std::string wanted = setting.visible_if.substr(equals + 1);
        if (other == nullptr) continue;
        const std::string name = argument_name(setting.name), on = argument_name(other->name);
        if (other->type == Type::boolean)
            gimp_procedure_dialog_set_sensitive(dialog, name.c_str(), TRUE, G_OBJECT(config), on.c_str(),
                                                wanted == "true" ? FALSE : TRUE);
        if (other->type != Type::choice) continue;
        GimpValueArray *const values = gimp_value_array_new(1); // the dialog takes it
        for (const auto &choice : other->choices) {
            if (("|" + wanted + "|").find("|" + choice.value + "|") == std::string::npos) continue;
            GValue value = G_VALUE_INIT;
            g_value_init(&value, G_TYPE_STRING);
            g_value_set_string(&value, choice.value.c_str());
            gimp_value_array_append(values, &value);
            g_value_unset(&value);
        }
        gimp_procedure_dialog_set_sensitive_if_in(dialog, name.c_str(), G_OBJECT(config), on.c_str(), values,
                                                  TRUE);
    }
}

// The arguments in a column beside the preview.
void fill(GimpProcedureDialog *dialog, const Filter &filter, GtkWidget *preview) {
    const auto first = names_of(filter, false), more = names_of(filter, true);
    GtkWidget *const content = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
    GtkWidget *const columns = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12);
    GtkWidget *const fields = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
    GtkWidget *const expander = gtk_expander_new("More");
    gtk_container_set_border_width(GTK_CONTAINER(columns), 12);
    gtk_box_pack_start(GTK_BOX(content), columns, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(columns), preview, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(columns), fields, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(fields),
                       gimp_procedure_dialog_fill_box_list(dialog, "mirra-fields", list_of(first).get()),
                       FALSE, FALSE, 0);
    gtk_container_add(GTK_CONTAINER(expander),
                      gimp_procedure_dialog_fill_box_list(dialog, "mirra-more", list_of(more).get()));
    gtk_box_pack_start(GTK_BOX(fields), expander, FALSE, FALSE, 0);
    gtk_widget_show_all(columns);
}

// Lets the user change the arguments. False if the user cancels.
bool ask(GimpProcedure *procedure, const Filter &filter, GimpProcedureConfig *config,
         GimpDrawable *drawable) {
    gimp_ui_init("mirra");
    GtkWidget *const window = gimp_procedure_dialog_new(procedure, config, filter.label.c_str());
    bool agreed = false;
    {
        Preview preview(filter, drawable, [&] { return values_of(filter, config); });
        fill(GIMP_PROCEDURE_DIALOG(window), filter, preview.widget());
        grey_what_does_not_count(GIMP_PROCEDURE_DIALOG(window), config, filter);
        const auto on_notify = +[](GObject * /*config*/, GParamSpec * /*spec*/, gpointer shown) {
            static_cast<Preview *>(shown)->renew();
        };
        const gulong handler = g_signal_connect(config, "notify", G_CALLBACK(on_notify), &preview);
        agreed = gimp_procedure_dialog_run(GIMP_PROCEDURE_DIALOG(window)) != 0;
        g_signal_handler_disconnect(config, handler);
        gtk_widget_destroy(window);
    }
    return agreed;
}

// ---- What GIMP calls

GimpValueArray *ended(GimpProcedure *procedure, GimpPDBStatusType status, const std::string &message = "") {
    GError *const error = message.empty()
                              ? nullptr
                              : g_error_new_literal(GIMP_PLUG_IN_ERROR, 0, message.c_str()); // GIMP takes it
    return gimp_procedure_new_return_values(procedure, status, error);
}

// Several layers are one step of undo.
struct UndoGroup {
    explicit UndoGroup(GimpImage *of) : image(of) { gimp_image_undo_group_start(image); }
    ~UndoGroup() { gimp_image_undo_group_end(image); }
    UndoGroup(const UndoGroup &) = delete;
    UndoGroup &operator=(const UndoGroup &) = delete;
    GimpImage *image;
};

GimpValueArray *run(GimpProcedure *procedure, GimpRunMode mode, GimpImage *image, GimpDrawable **drawables,
                    GimpProcedureConfig *config, gpointer /*data*/) {
    gegl_init(nullptr, nullptr);
    try {
        const Filter *const filter = filter_of_procedure(gimp_procedure_get_name(procedure));
        if (filter == nullptr)
            return ended(procedure, GIMP_PDB_EXECUTION_ERROR, "the task is no longer there");
        if (drawables[0] == nullptr) return ended(procedure, GIMP_PDB_CALLING_ERROR, "no layer is chosen");
        if (mode == GIMP_RUN_INTERACTIVE && !ask(procedure, *filter, config, drawables[0]))
            return ended(procedure, GIMP_PDB_CANCEL);
        const Values values = values_of(*filter, config);
        const UndoGroup group(image);
        for (GimpDrawable **each = drawables; *each != nullptr; ++each) apply(*filter, values, *each);
        if (mode != GIMP_RUN_NONINTERACTIVE) gimp_displays_flush();
        return ended(procedure, GIMP_PDB_SUCCESS);
    } catch (const std::exception &error) {
        return ended(procedure, GIMP_PDB_EXECUTION_ERROR, mirra_filters::message_of(error));
    }
}

GList *procedures(GimpPlugIn *plugin) {
    reinterpret_cast<Plugin *>(plugin)->begins = TRUE;
    GList *names = nullptr;
    try {
        for (const Filter &filter : filters().all())
            names = g_list_append(names, g_strdup(procedure_name(filter).c_str()));
    } catch (const std::exception &error) {
        g_printerr("Mirra: %s\n", mirra_filters::message_of(error).c_str());
    }
    return names;
}

GimpProcedure *create(GimpPlugIn *plugin, const gchar *name) {
    const Filter *const filter = filter_of_procedure(name);
    if (filter == nullptr) return nullptr;
    GimpProcedure *const made =
        gimp_image_procedure_new(plugin, name, GIMP_PDB_PROC_TYPE_PLUGIN, run, nullptr, nullptr);
    const std::string label = filter->label + "...";
    gimp_procedure_set_image_types(made, "RGB*, GRAY*");
    gimp_procedure_set_sensitivity_mask(made, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                  GIMP_PROCEDURE_SENSITIVE_DRAWABLES);
    gimp_procedure_set_menu_label(made, label.c_str());
    gimp_procedure_add_menu_path(made, "<Image>/Filters/Mirra");
    gimp_procedure_set_documentation(made, filter->doc.c_str(), filter->doc.c_str(), name);
    gimp_procedure_set_attribution(made, "The authors of Mirra", "The authors of Mirra", "2026");
    const bool begins = reinterpret_cast<const Plugin *>(plugin)->begins != FALSE;
    for (const Setting &setting : filter->settings)
        add_argument(made, setting, begins ? setting.choices : filters().choices(setting));
    return made;
}

// Not `query_procedures`: its answer would be remembered, and a plugin of Mirra that comes later would be
// missing.
void begin_class(gpointer klass, gpointer /*data*/) {
    GIMP_PLUG_IN_CLASS(klass)->init_procedures = procedures;
    GIMP_PLUG_IN_CLASS(klass)->create_procedure = create;
    GIMP_PLUG_IN_CLASS(klass)->set_i18n = +[](GimpPlugIn *, const gchar *, gchar **, gchar **) -> gboolean {
        return FALSE; // texts are those of the tasks
    };
}

GType plugin_type() {
    static const GType type =
        g_type_register_static_simple(GIMP_TYPE_PLUG_IN, "MirraPlugin", sizeof(PluginClass), begin_class,
                                      sizeof(Plugin), nullptr, GTypeFlags(0));
    return type;
}

} // namespace

GIMP_MAIN(plugin_type())
