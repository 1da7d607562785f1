#include "canvas.hpp"

#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sheet {
namespace {

namespace api = mirra::api;

struct ContextCloser {
    void operator()(cairo_t *context) const { cairo_destroy(context); }
};
struct ObjectCloser {
    void operator()(void *object) const { g_object_unref(object); }
};
using Context = std::unique_ptr<cairo_t, ContextCloser>;

void check(cairo_status_t status) {
    if (status == CAIRO_STATUS_SUCCESS) return;
    throw api::Error(MIRRA_E_OUT_OF_MEMORY, cairo_status_to_string(status), "sheet",
                     "Use fewer or smaller cells: --columns, --rows, --cell.");
}

Surface surface(int width, int height) {
    Surface made(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
    check(cairo_surface_status(made.get()));
    return made;
}

/// A sample as 0 ... 1.
double sample(const std::byte *at, mirra_format format) {
    if (format == MIRRA_FORMAT_U8) return std::to_integer<int>(*at) / 255.0;
    if (format == MIRRA_FORMAT_U16) {
        std::uint16_t value = 0;
        std::memcpy(&value, at, sizeof(value));
        return value / 65535.0;
    }
    float value = 0;
    std::memcpy(&value, at, sizeof(value));
    return value > 0 ? std::min(value, 1.0F) : 0; // NaN is 0
}

/// Mean of a block of pixels, premultiplied by alpha, as Cairo has pixels.
std::uint32_t block(const mirra_image &image, int x, int y, int side) {
    const bool gray = image.color <= MIRRA_COLOR_GRAY_ALPHA;
    const bool alpha = image.color == MIRRA_COLOR_GRAY_ALPHA || image.color == MIRRA_COLOR_RGBA;
    const std::int64_t bytes = image.format == MIRRA_FORMAT_U8 ? 1 : image.format == MIRRA_FORMAT_U16 ? 2 : 4;
    const mirra_plane &plane = image.planes[0];
    double sums[4] = {}; // R G B A
    const int right = std::min(x + side, image.width), below = std::min(y + side, image.height);
    for (int row = y; row < below; ++row) {
        for (int column = x; column < right; ++column) {
            const auto *at = static_cast<const std::byte *>(plane.data) + row * plane.row_stride +
                             column * plane.pixel_stride;
            const double opaque = alpha ? sample(at + (image.color - 1) * bytes, image.format) : 1;
            for (int channel = 0; channel < 3; ++channel)
                sums[channel] += opaque * sample(at + (gray ? 0 : channel * bytes), image.format);
            sums[3] += opaque;
        }
    }
    const double count = static_cast<double>(right - x) * (below - y);
    const auto byte = [&](int channel) {
        return static_cast<std::uint32_t>(std::lround(255 * sums[channel] / count));
    };
    return byte(3) << 24 | byte(0) << 16 | byte(1) << 8 | byte(2);
}

void draw(cairo_t *context, cairo_surface_t *picture, double x, double y, int cell) {
    const double width = cairo_image_surface_get_width(picture),
                 height = cairo_image_surface_get_height(picture);
    const double scale = std::min({1.0, cell / width, cell / height});
    cairo_save(context);
    cairo_translate(context, x + (cell - scale * width) / 2, y + (cell - scale * height) / 2);
    cairo_scale(context, scale, scale);
    cairo_set_source_surface(context, picture, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_GOOD);
    cairo_paint(context);
    cairo_restore(context);
}

/// One line, in the middle; what does not fit is left out in the middle of the text.
void write_line(cairo_t *context, const std::string &text, double x, double y, int width) {
    const std::unique_ptr<PangoLayout, ObjectCloser> layout(pango_cairo_create_layout(context));
    const std::unique_ptr<PangoFontDescription, void (*)(PangoFontDescription *)> font(
        pango_font_description_from_string("Sans 9"), pango_font_description_free);
    pango_layout_set_font_description(layout.get(), font.get());
    pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));
    pango_layout_set_single_paragraph_mode(layout.get(), TRUE);
    pango_layout_set_width(layout.get(), width * PANGO_SCALE);
    pango_layout_set_ellipsize(layout.get(), PANGO_ELLIPSIZE_MIDDLE);
    pango_layout_set_alignment(layout.get(), PANGO_ALIGN_CENTER);
    cairo_move_to(context, x, y);
    cairo_set_source_rgb(context, 0.1, 0.1, 0.1);
    pango_cairo_show_layout(context, layout.get());
}

} // namespace

Surface reduced(api::Picture &picture, int longest) {
    picture.to_srgb();
    const mirra_image image = picture.view().get();
    // Twice as many pixels as are drawn leave the last step to Cairo's filter.
    const int side = std::max(1, std::max(image.width, image.height) / (2 * longest));
    Surface made = surface((image.width + side - 1) / side, (image.height + side - 1) / side);
    unsigned char *row = cairo_image_surface_get_data(made.get());
    const int stride = cairo_image_surface_get_stride(made.get());
    for (int y = 0; y < image.height; y += side, row += stride)
        for (int x = 0; x < image.width; x += side) {
            const std::uint32_t pixel = block(image, x, y, side);
            std::memcpy(row + x / side * sizeof(pixel), &pixel, sizeof(pixel));
        }
    cairo_surface_mark_dirty(made.get());
    return made;
}

Canvas::Canvas(int columns, int rows, int cell, int pictures_in_cell)
    : columns_(columns)
    , rows_(rows)
    , cell_(cell)
    , pictures_in_cell_(pictures_in_cell)
    , surface_(
          surface(kMargin + columns * (cell_width() + kMargin), kMargin + rows * (cell_height() + kMargin))) {
    clear();
}

void Canvas::clear() {
    const Context context(cairo_create(surface_.get()));
    cairo_set_source_rgb(context.get(), 1, 1, 1);
    cairo_paint(context.get());
    used_ = 0;
}

void Canvas::add(const std::vector<Surface> &pictures, const std::string &caption) {
    const Context context(cairo_create(surface_.get()));
    const int x = kMargin + used_ % columns_ * (cell_width() + kMargin);
    const int y = kMargin + used_ / columns_ * (cell_height() + kMargin);
    for (std::size_t i = 0; i < pictures.size(); ++i)
        draw(context.get(), pictures[i].get(), x + static_cast<int>(i) * (cell_ + kGap), y, cell_);
    write_line(context.get(), caption, x, y + cell_ + 4, cell_width());
    check(cairo_status(context.get()));
    ++used_;
}

void Canvas::write(const std::string &path) {
    cairo_surface_flush(surface_.get());
    const int rows = (used_ + columns_ - 1) / columns_;
    MIRRA_STRUCT(mirra_image, image);
    image.width = cairo_image_surface_get_width(surface_.get());
    image.height = kMargin + rows * (cell_height() + kMargin);
    image.format = MIRRA_FORMAT_U8;
    image.color = MIRRA_COLOR_RGB;
    image.plane_count = 3;
    // Numbers of 32 bits: in memory B G R A, or A R G B where the machine is big-endian.
    const std::uint32_t one = 1;
    const bool little = *reinterpret_cast<const unsigned char *>(&one) == 1;
    unsigned char *data = cairo_image_surface_get_data(surface_.get());
    for (int channel = 0; channel < 3; ++channel)
        image.planes[channel] = {data + (little ? 2 - channel : 1 + channel), 4,
                                 cairo_image_surface_get_stride(surface_.get())};
    api::write(path, api::ConstImage(image));
    clear();
}

} // namespace sheet
