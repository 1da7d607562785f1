// mirra_image, the caller's description of pixels, as a view.
#include "handles.hpp"

#include "pixels.hpp"

#include <algorithm>
#include <tuple>

// Frozen: it lies in arrays inside of mirra_image and carries no size of its own.
static_assert(sizeof(mirra_plane) == 24);

namespace mirra::capi {
namespace {

constexpr std::uint64_t kLargestProfile = std::uint64_t{1} << 26;

[[noreturn]] void reject(const char *name, const std::string &what, const std::string &hint = {}) {
    throw Error(ErrorCode::invalid_argument, std::string(name) + ": " + what, name, hint);
}

void check_fields(const mirra_image &image, const char *name) {
    const std::string what = std::string(name) + ": ";
    check_flags(image.flags, MIRRA_IMAGE_PACKED, name);
    check_reserved(image.reserved, (std::string(name) + ".reserved").c_str());
    check_color(image.color, what + "color", name);
    if (image.alpha_mode != MIRRA_ALPHA_STRAIGHT && image.alpha_mode != MIRRA_ALPHA_PREMULTIPLIED) {
        unknown_value(what + "alpha_mode", image.alpha_mode, name,
                      "MIRRA_ALPHA_STRAIGHT (0) or MIRRA_ALPHA_PREMULTIPLIED (1)");
    }
    if (image.transfer != MIRRA_TRANSFER_ENCODED && image.transfer != MIRRA_TRANSFER_LINEAR) {
        unknown_value(what + "transfer", image.transfer, name,
                      "MIRRA_TRANSFER_ENCODED (0) or MIRRA_TRANSFER_LINEAR (1)");
    }
    if (image.plane_count != 1 && image.plane_count != static_cast<std::uint32_t>(image.color)) {
        reject(name,
               "plane_count is " + std::to_string(image.plane_count) + " of an image of " +
                   std::to_string(image.color) + (image.color == 1 ? " channel" : " channels"),
               "It is 1 for interleaved pixels, and the number of channels for planes.");
    }
    if (image.width < 1 || image.height < 1)
        reject(name,
               "it is " + std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels",
               "Width and height are at least 1.");
    if (image.icc == nullptr && image.icc_bytes != 0)
        reject(name, "icc is NULL but icc_bytes is " + std::to_string(image.icc_bytes),
               "Set both, or leave both at 0.");
    if (image.icc_bytes > kLargestProfile) {
        throw Error(ErrorCode::limit,
                    std::string(name) + ": icc_bytes is " + std::to_string(image.icc_bytes) +
                        ", beyond the " + std::to_string(kLargestProfile) + " that a profile may have",
                    name);
    }
}

std::pair<std::int64_t, std::int64_t> packed_strides(const mirra_image &image, const char *name,
                                                     std::int64_t sample) {
    for (std::uint32_t i = 0; i < image.plane_count; ++i) {
        if (image.planes[i].pixel_stride != 0 || image.planes[i].row_stride != 0)
            reject(name, "it has strides beside MIRRA_IMAGE_PACKED",
                   "Leave the strides at 0, or the flag out.");
    }
    const std::int64_t pixel = sample * (image.plane_count == 1 ? image.color : 1);
    return {pixel, pixel * image.width};
}

void set_strides(const mirra_image &image, const char *name, image::ImageView &view) {
    const mirra_plane &first = image.planes[0];
    std::tie(view.x_stride, view.y_stride) =
        (image.flags & MIRRA_IMAGE_PACKED) != 0
            ? packed_strides(image, name, static_cast<std::int64_t>(image::sample_bytes(view.sample)))
            : std::pair(first.pixel_stride, first.row_stride);
    if (view.x_stride == 0 && view.y_stride == 0 && (image.width > 1 || image.height > 1)) {
        reject(name, "both strides are 0",
               "Set the flag MIRRA_IMAGE_PACKED for pixels without gaps, or state the strides.");
    }
    for (std::uint32_t i = 1; i < image.plane_count; ++i) {
        if (image.planes[i].pixel_stride != first.pixel_stride ||
            image.planes[i].row_stride != first.row_stride) {
            reject(name, "its planes have different strides",
                   "Give all planes the same pixel_stride and row_stride.");
        }
    }
}

/// Of what takes pixels in the processor's memory only.
void check_on_processor(const mirra_image &image, const char *name) {
    if (const auto place = to_place(image, name))
        throw Error(ErrorCode::unsupported,
                    std::string(name) + ": pixels on the device '" + place->device + "' are for runs only",
                    name, "Copy them into the memory of the processor, and leave device NULL.");
}

bool is_gpu(std::string_view device) {
    constexpr std::string_view kPrefix = "cuda:";
    if (!device.starts_with(kPrefix)) return false;
    const std::string_view number = device.substr(kPrefix.size());
    return !number.empty() && number.size() <= 4 && (number.size() == 1 || number.front() != '0') &&
           std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

/// A pointer further on, which need not be one that exists.
std::byte *moved(void *pointer, std::size_t by, const char *name) {
    const auto address = reinterpret_cast<std::uintptr_t>(pointer);
    if (address > UINTPTR_MAX - by) reject(name, "the data reach beyond the address space");
    return reinterpret_cast<std::byte *>(address + by); // NOLINT(performance-no-int-to-ptr)
}

} // namespace

void check_color(std::int32_t color, const std::string &what, const char *name) {
    if (color < MIRRA_COLOR_GRAY || color > MIRRA_COLOR_RGBA)
        unknown_value(what, color, name,
                      "MIRRA_COLOR_GRAY (1), _GRAY_ALPHA (2), _RGB (3) or _RGBA (4): the number of channels");
}

image::SampleType to_sample(std::int32_t format, const std::string &what, const char *name) {
    switch (format) {
    case MIRRA_FORMAT_U8:
        return image::SampleType::u8;
    case MIRRA_FORMAT_U16:
        return image::SampleType::u16;
    case MIRRA_FORMAT_U16_SWAPPED:
        return image::SampleType::u16_swapped;
    case MIRRA_FORMAT_F16:
        return image::SampleType::f16;
    case MIRRA_FORMAT_F32:
        return image::SampleType::f32;
    default:
        unknown_value(what, format, name,
                      "MIRRA_FORMAT_U8 (1), _U16 (2), _F16 (3), _F32 (4) or _U16_SWAPPED (5)");
    }
}

namespace {

bool is_interleaved(const image::ImageView &view) {
    const auto size = static_cast<std::ptrdiff_t>(image::sample_bytes(view.sample));
    for (std::size_t c = 1; c < static_cast<std::size_t>(view.channels); ++c)
        if (view.data[c] != view.data[0] + static_cast<std::ptrdiff_t>(c) * size) return false;
    return true;
}

} // namespace

std::optional<host::Place> to_place(const mirra_image &image, const char *name) {
    const std::string device = or_empty(image.device);
    if (device.empty() || device == "cpu") {
        if (image.stream != nullptr) reject(name, "stream is for pixels on a GPU", "Leave it NULL.");
        return std::nullopt;
    }
    if (!is_gpu(device))
        reject(name, "there are no pixels on a device '" + device + "'",
               "Write cuda:0 or another number, or leave device NULL for the processor's memory.");
    return host::Place{device, image.stream, nullptr};
}

mirra_image to_image(const image::ImageView &view, const host::Place *place) {
    mirra_image out{};
    out.struct_size = sizeof(mirra_image);
    out.width = view.width;
    out.height = view.height;
    out.format = host::format_of(view.sample);
    out.color = view.channels;
    if (view.alpha == image::AlphaMode::premultiplied) out.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    if (view.transfer == image::Transfer::linear) out.transfer = MIRRA_TRANSFER_LINEAR;
    out.plane_count = is_interleaved(view) ? 1U : static_cast<std::uint32_t>(view.channels);
    for (std::size_t i = 0; i < out.plane_count; ++i)
        out.planes[i] = {view.data[i], view.x_stride, view.y_stride};
    if (place != nullptr) {
        out.device = place->device.c_str();
        out.stream = place->stream;
    }
    return out;
}

runtime::Rect to_rect(const mirra_rect *given, const char *name) {
    const mirra_rect rect = read_struct(given, name);
    check_reserved(rect.reserved, name);
    return {rect.x, rect.y, rect.width, rect.height};
}

namespace {

/// All but where the pixels are.
image::ImageView described(const mirra_image &image, const char *name) {
    check_fields(image, name);
    image::ImageView view;
    view.width = image.width;
    view.height = image.height;
    view.channels = image.color;
    view.sample = to_sample(image.format, std::string(name) + ": format", name);
    if (view.has_alpha()) {
        const bool straight = image.alpha_mode == MIRRA_ALPHA_STRAIGHT;
        view.alpha = straight ? image::AlphaMode::straight : image::AlphaMode::premultiplied;
    }
    if (image.transfer == MIRRA_TRANSFER_LINEAR) view.transfer = image::Transfer::linear;
    return view;
}

} // namespace

image::ImageView to_description(const mirra_image *given, const char *name) {
    mirra_image image = read_struct(given, name);
    const bool empty = image.flags == 0 && image.plane_count <= 1 && image.planes[0].data == nullptr &&
                       image.planes[0].pixel_stride == 0 && image.planes[0].row_stride == 0;
    if (!empty)
        reject(name, "the image of a source or sink has pixels",
               "Leave its flags and planes zero: it only says what the pixels are.");
    image.plane_count = 1;
    check_on_processor(image, name);
    const image::ImageView view = described(image, name);
    if (view.has_alpha())
        throw Error(ErrorCode::unsupported, std::string(name) + ": a source or sink has no alpha", name,
                    "Give the colours alone, or the image whole.");
    return view;
}

image::ImageView to_view(const mirra_image *given, const char *name) {
    check_on_processor(read_struct(given, name), name);
    return to_view_anywhere(given, name);
}

image::ImageView to_view_anywhere(const mirra_image *given, const char *name) {
    const mirra_image image = read_struct(given, name);
    image::ImageView view = described(image, name);
    set_strides(image, name, view);
    const std::size_t sample = image::sample_bytes(view.sample);
    for (std::size_t c = 0; c < static_cast<std::size_t>(image.color); ++c) {
        const bool interleaved = image.plane_count == 1;
        void *plane = image.planes[interleaved ? 0 : c].data;
        if (plane == nullptr)
            reject(name, "planes[" + std::to_string(interleaved ? 0 : c) + "].data is NULL",
                   interleaved ? "Set it to the first pixel of the first row."
                               : "Set it to the first sample of the channel, or plane_count to 1.");
        view.data[c] = interleaved ? moved(plane, c * sample, name) : static_cast<std::byte *>(plane);
    }
    image::validate(view, name);
    return view;
}

} // namespace mirra::capi

using namespace mirra;
using namespace mirra::capi;

extern "C" {

mirra_status mirra_image_extent(const mirra_image *image, uint32_t plane, const void **lowest,
                                uint64_t *bytes, mirra_error **error) {
    return guard(error, [&] {
        required(lowest, "lowest");
        required(bytes, "bytes");
        const image::ConstImageView view = to_view_anywhere(image, "image");
        const std::uint32_t planes = read_struct(image, "image").plane_count;
        if (plane >= planes)
            throw Error(ErrorCode::not_found,
                        "there is no plane " + std::to_string(plane) + ": the image has " +
                            std::to_string(planes) + (planes == 1 ? " plane" : " planes"),
                        "plane", "Planes are counted from 0.");
        image::ConstImageView shown = view;
        if (planes > 1) {
            shown.data[0] = view.data[plane];
            shown.channels = 1;
        }
        const host::MemorySpan memory = host::memory_of(shown);
        *lowest = reinterpret_cast<const void *>(memory.begin); // NOLINT(performance-no-int-to-ptr)
        *bytes = memory.end - memory.begin;
    });
}
}
