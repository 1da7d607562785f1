#include "preview.hpp"

#include <vector>

namespace mirra_gimp {

using mirra_filters::message_of;

Preview::Preview(const mirra_filters::Filter &filter, Drawable drawable,
                 std::function<mirra_filters::Values()> values)
    : filter_(filter)
    , values_(std::move(values))
    , pixels_(gimp_drawable_get_buffer(drawable))
#if GIMP_MAJOR_VERSION >= 3
    , box_(gtk_box_new(GTK_ORIENTATION_VERTICAL, 6))
    , preview_(gimp_drawable_preview_new_from_drawable(drawable))
#else
    , box_(gtk_vbox_new(FALSE, 6))
    , preview_(gimp_drawable_preview_new_from_drawable_id(drawable))
#endif
    , message_(gtk_label_new("")) {
    gtk_label_set_line_wrap(GTK_LABEL(message_), TRUE);
    gtk_widget_set_size_request(message_, 240, -1);
    gtk_box_pack_start(GTK_BOX(box_), preview_, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(box_), message_, FALSE, FALSE, 0);
    gtk_widget_show_all(box_);
    const auto on_invalidated =
        +[](GimpPreview * /*preview*/, gpointer self) { static_cast<Preview *>(self)->begin(); };
    g_signal_connect(preview_, "invalidated", G_CALLBACK(on_invalidated), this);
}

Preview::~Preview() {
    if (timer_ != 0) g_source_remove(timer_);
}

void Preview::renew() {
    gimp_preview_invalidate(GIMP_PREVIEW(preview_));
}

void Preview::begin() {
    work_.reset(); // what was asked for before
    GeglRectangle shown{};
    gimp_preview_get_position(GIMP_PREVIEW(preview_), &shown.x, &shown.y);
    gimp_preview_get_size(GIMP_PREVIEW(preview_), &shown.width, &shown.height);
    if (gegl_rectangle_intersect(&region_, &shown, gegl_buffer_get_extent(pixels_.get())) == 0) return;
    try {
        work_ = std::make_unique<Work>(filters(), filter_, values_(), pixels_.get(), region_);
    } catch (const std::exception &error) {
        return say(message_of(error));
    }
    say("Working ...");
    const auto on_time =
        +[](gpointer self) -> gboolean { return static_cast<Preview *>(self)->look() ? TRUE : FALSE; };
    if (timer_ == 0) timer_ = g_timeout_add(50, on_time, this);
}

bool Preview::look() {
    if (work_ && !work_->wait(std::chrono::milliseconds(0))) return true;
    timer_ = 0;
    const auto work = std::move(work_);
    if (!work) return false;
    try {
        show(work->made());
        say("");
    } catch (const std::exception &error) {
        say(message_of(error));
    }
    return false;
}

void Preview::show(GeglBuffer *made) {
    const Babl *const given = gegl_buffer_get_format(made);
    const bool gray = (static_cast<int>(babl_get_model_flags(given)) & BABL_MODEL_FLAG_GRAY) != 0;
    std::string name = gray ? "Y'" : "R'G'B'";
    if (babl_format_has_alpha(given) != 0) name += "A";
    const Babl *const format = babl_format_with_space((name + " u8").c_str(), babl_format_get_space(given));
    const int stride = region_.width * babl_format_get_bytes_per_pixel(format);
    std::vector<guchar> bytes(static_cast<std::size_t>(stride) * static_cast<std::size_t>(region_.height));
    gegl_buffer_get(made, &region_, 1, format, bytes.data(), stride, GEGL_ABYSS_NONE);
    gimp_preview_draw_buffer(GIMP_PREVIEW(preview_), bytes.data(), stride);
}

void Preview::say(const std::string &message) {
    gtk_label_set_text(GTK_LABEL(message_), message.c_str());
}

} // namespace mirra_gimp
