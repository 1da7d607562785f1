#include "buffers.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace mirra_gegl {
namespace {

using mirra_filters::Lease;

struct Sample {
    const char *name; // babl's
    mirra_format format;
    std::size_t bytes;
};

Sample sample_of(const Babl *format) {
    const Babl *const type = babl_format_get_type(format, 0);
    if (type == babl_type("u8")) return {"u8", MIRRA_FORMAT_U8, 1};
    if (type == babl_type("u16")) return {"u16", MIRRA_FORMAT_U16, 2};
    if (type == babl_type("half")) return {"half", MIRRA_FORMAT_F16, 2};
    return {"float", MIRRA_FORMAT_F32, 4};
}

// The mark of babl's names for a curve: R'G'B' is the space's, R~G~B~ that of sRGB, RGB linear.
const char *curve_of(int flags) {
    if ((flags & BABL_MODEL_FLAG_LINEAR) != 0) return "";
    return (flags & BABL_MODEL_FLAG_PERCEPTUAL) != 0 ? "~" : "'";
}

std::string name_of(bool gray, bool alpha, const std::string &curve, const char *sample) {
    std::string name = gray ? "Y" + curve : "R" + curve + "G" + curve + "B" + curve;
    if (alpha) name += "A";
    return name + " " + sample;
}

std::vector<std::byte> icc_of(const Babl *space) {
    if (space == babl_space("sRGB")) return {};
    int length = 0;
    const char *const icc = babl_space_get_icc(space, &length);
    if (icc == nullptr || length <= 0) return {};
    std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    std::memcpy(bytes.data(), icc, bytes.size());
    return bytes;
}

mirra_color color_of(bool gray, bool alpha) {
    if (gray) return alpha ? MIRRA_COLOR_GRAY_ALPHA : MIRRA_COLOR_GRAY;
    return alpha ? MIRRA_COLOR_RGBA : MIRRA_COLOR_RGB;
}

mirra_image sized(const Layout &layout, int width, int height, bool opaque) {
    mirra_image image = layout.image;
    image.width = width;
    image.height = height;
    if (opaque && image.color == MIRRA_COLOR_RGBA) image.color = MIRRA_COLOR_RGB;
    if (opaque && image.color == MIRRA_COLOR_GRAY_ALPHA) image.color = MIRRA_COLOR_GRAY;
    image.icc = layout.icc.empty() ? nullptr : layout.icc.data();
    image.icc_bytes = layout.icc.size();
    return image;
}

GeglRectangle placed(const mirra_rect &rect, const GeglRectangle &extent) {
    return {extent.x + static_cast<int>(rect.x), extent.y + static_cast<int>(rect.y),
            static_cast<int>(rect.width), static_cast<int>(rect.height)};
}

mirra_rect within(const GeglRectangle &rect, const GeglRectangle &extent) {
    return api::make_rect(rect.x - extent.x, rect.y - extent.y, rect.width, rect.height);
}

api::Port source_of(const Lease &lease, GeglBuffer *buffer, const Layout &layout,
                    const GeglRectangle &extent) {
    api::Source source{sized(layout, extent.width, extent.height, true), {}};
    source.read = [buffer, extent, format = layout.opaque](const mirra_rect &rect, const api::Image &pixels) {
        const GeglRectangle place = placed(rect, extent);
        const mirra_plane &plane = pixels.get().planes[0];
        gegl_buffer_get(buffer, &place, 1, format, plane.data, static_cast<int>(plane.row_stride),
                        GEGL_ABYSS_CLAMP);
    };
    return api::in(lease.filter().input, std::move(source));
}

// Rectangles of a sink are those of the whole output, also where a region of it is made.
api::Port sink_of(const Lease &lease, GeglBuffer *buffer, const Layout &layout, const GeglRectangle &extent,
                  const GeglRectangle &region) {
    api::Sink sink{sized(layout, region.width, region.height, true), {}};
    sink.write = [buffer, extent, format = layout.opaque](const mirra_rect &rect,
                                                          const api::ConstImage &pixels) {
        const GeglRectangle place = placed(rect, extent);
        const mirra_plane &plane = pixels.get().planes[0];
        gegl_buffer_set(buffer, &place, 0, format, plane.data, static_cast<int>(plane.row_stride));
    };
    return api::out(lease.filter().output, std::move(sink));
}

// Memory of zeros, which takes up no more than what is written of it.
struct Free {
    void operator()(void *memory) const noexcept { std::free(memory); }
};
using Zeros = std::unique_ptr<void, Free>;

Zeros zeros(std::size_t rows, std::size_t row_bytes) {
    Zeros memory(std::calloc(rows, row_bytes));
    if (!memory) throw std::bad_alloc();
    return memory;
}

void set_pixels(mirra_image &image, void *pixels, std::int64_t pixel_bytes) {
    image.plane_count = 1;
    image.planes[0] = {pixels, pixel_bytes, pixel_bytes * image.width};
}

// A source has no alpha: a picture with transparent pixels goes through memory, of the size of what is
// needed.
api::Result run_transparent(const Lease &lease, GeglBuffer *from, const GeglRectangle &extent, GeglBuffer *to,
                            const GeglRectangle &region, const GeglRectangle &needed,
                            api::RunOptions options) {
    const Layout in = layout_of(gegl_buffer_get_format(from), false);
    const Layout out = layout_of(gegl_buffer_get_format(to), false);
    const int in_bytes = babl_format_get_bytes_per_pixel(in.format);
    const int out_bytes = babl_format_get_bytes_per_pixel(out.format);
    const auto in_stride = static_cast<std::size_t>(in_bytes) * static_cast<std::size_t>(extent.width);
    const auto out_stride = static_cast<std::size_t>(out_bytes) * static_cast<std::size_t>(region.width);
    if (in_stride > std::numeric_limits<int>::max() || out_stride > std::numeric_limits<int>::max())
        throw api::Error(MIRRA_E_LIMIT, "the picture is too wide");
    const Zeros input = zeros(static_cast<std::size_t>(extent.height), in_stride);
    const Zeros output = zeros(static_cast<std::size_t>(region.height), out_stride);
    const mirra_rect first = within(needed, extent);
    gegl_buffer_get(from, &needed, 1, in.format,
                    static_cast<std::byte *>(input.get()) + static_cast<std::size_t>(first.y) * in_stride +
                        first.x * in_bytes,
                    static_cast<int>(in_stride), GEGL_ABYSS_CLAMP);
    mirra_image from_image = sized(in, extent.width, extent.height, false);
    mirra_image to_image = sized(out, region.width, region.height, false);
    set_pixels(from_image, input.get(), in_bytes);
    set_pixels(to_image, output.get(), out_bytes);
    api::Result result = lease.run(api::ConstImage(from_image), api::Image(to_image), std::move(options));
    gegl_buffer_set(to, &region, 0, out.format, output.get(), static_cast<int>(out_stride));
    return result;
}

// The bytes of a sample that is 1.
std::array<std::byte, 4> one(mirra_format format) {
    std::array<std::byte, 4> bytes{std::byte{255}, std::byte{255}, {}, {}}; // of 8 and 16 bits
    constexpr float full = 1;
    constexpr std::uint16_t half = 0x3c00;
    if (format == MIRRA_FORMAT_F32) std::memcpy(bytes.data(), &full, sizeof(full));
    if (format == MIRRA_FORMAT_F16) std::memcpy(bytes.data(), &half, sizeof(half));
    return bytes;
}

bool is_opaque(GeglBuffer *buffer, const GeglRectangle &area) {
    const Babl *const given = gegl_buffer_get_format(buffer);
    if (babl_format_has_alpha(given) == 0) return true;
    const Layout layout = layout_of(given, false);
    const std::size_t bytes = sample_of(layout.format).bytes; // of the alpha at a pixel's end
    const std::array<std::byte, 4> wanted = one(layout.image.format);
    const auto pixel = static_cast<std::size_t>(babl_format_get_bytes_per_pixel(layout.format));
    constexpr int rows_at_once = 64;
    std::vector<std::byte> strip(static_cast<std::size_t>(area.width) * rows_at_once * pixel);
    for (int y = 0; y < area.height; y += rows_at_once) {
        const GeglRectangle rows{area.x, area.y + y, area.width, std::min(rows_at_once, area.height - y)};
        const auto end = static_cast<std::size_t>(rows.height) * static_cast<std::size_t>(rows.width) * pixel;
        gegl_buffer_get(buffer, &rows, 1, layout.format, strip.data(), GEGL_AUTO_ROWSTRIDE, GEGL_ABYSS_CLAMP);
        for (std::size_t at = pixel - bytes; at < end; at += pixel)
            if (std::memcmp(strip.data() + at, wanted.data(), bytes) != 0) return false;
    }
    return true;
}

} // namespace

Layout layout_of(const Babl *format, bool colored) {
    const auto flags = static_cast<int>(babl_get_model_flags(format));
    const Babl *const space = babl_format_get_space(format);
    const bool gray = (flags & BABL_MODEL_FLAG_GRAY) != 0 && !colored;
    const bool alpha = babl_format_has_alpha(format) != 0;
    const Sample sample = sample_of(format);
    const std::string curve = curve_of(flags);
    Layout layout{};
    layout.format = babl_format_with_space(name_of(gray, alpha, curve, sample.name).c_str(), space);
    layout.opaque = babl_format_with_space(name_of(gray, false, curve, sample.name).c_str(), space);
    layout.image = api::make_struct<mirra_image>();
    layout.image.format = sample.format;
    layout.image.color = color_of(gray, alpha);
    layout.image.transfer = curve.empty() ? MIRRA_TRANSFER_LINEAR : MIRRA_TRANSFER_ENCODED;
    if (curve == "'") layout.icc = icc_of(space);
    return layout;
}

GeglRectangle output_extent(const Lease &lease, const GeglRectangle &extent) {
    const mirra_plan plan = lease.session().plan(extent.width, extent.height);
    return {extent.x, extent.y, static_cast<int>(plan.output_width), static_cast<int>(plan.output_height)};
}

GeglRectangle required(const Lease &lease, const GeglRectangle &extent, const GeglRectangle &region) {
    return placed(lease.session().required(extent.width, extent.height, within(region, extent)), extent);
}

api::Result run(const Lease &lease, GeglBuffer *from, const GeglRectangle &extent, GeglBuffer *to,
                const GeglRectangle &region, api::RunOptions options) {
    const GeglRectangle needed = required(lease, extent, region);
    options.region = within(region, extent);
    if (!is_opaque(from, needed))
        return run_transparent(lease, from, extent, to, region, needed, std::move(options));
    const Layout in = layout_of(gegl_buffer_get_format(from), false);
    const Layout out = layout_of(gegl_buffer_get_format(to), false);
    return lease.run(source_of(lease, from, in, extent), sink_of(lease, to, out, extent, region),
                     std::move(options));
}

} // namespace mirra_gegl
