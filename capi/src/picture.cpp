// Pictures: files, and pixels that the library owns.
#include "handles.hpp"

#include "mirra/file.hpp"
#include "mirra/picture_file.hpp"
#include "pixels.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace {

using namespace mirra;
using namespace mirra::capi;

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 30;

std::int32_t to_format(image::SampleType sample) {
    switch (sample) {
    case image::SampleType::u8:
        return MIRRA_FORMAT_U8;
    case image::SampleType::u16:
        return MIRRA_FORMAT_U16;
    case image::SampleType::f16:
        return MIRRA_FORMAT_F16;
    case image::SampleType::f32:
        return MIRRA_FORMAT_F32;
    }
    return 0;
}

std::string format_of(std::span<const std::byte> bytes) {
    for (const image::Codec &codec : image::codecs()) {
        if (codec.sniff(bytes)) return std::string(codec.name);
    }
    return {};
}

image::EncodeOptions to_options(const mirra_write_options &options) {
    check_reserved(options.reserved, "options.reserved");
    image::EncodeOptions out;
    if (options.jpeg_quality != 0) out.jpeg_quality = options.jpeg_quality;
    if (out.jpeg_quality < 1 || out.jpeg_quality > 100) {
        throw Error(ErrorCode::invalid_argument, "jpeg_quality must be 1 to 100", "jpeg_quality");
    }
    if (options.bit_depth != 0 && options.bit_depth != 8 && options.bit_depth != 16) {
        throw Error(ErrorCode::invalid_argument, "bit_depth must be 8 or 16", "bit_depth");
    }
    out.bit_depth = options.bit_depth;
    return out;
}

/// "" where the file's name says it.
std::string to_format_name(const mirra_write_options &options) {
    return options.format == nullptr ? "" : options.format;
}

/// Linear light on the sRGB curve.
image::Image on_the_curve(const image::ImageView &view) {
    image::Image out(view.width, view.height, view.channels, view.sample);
    const std::int32_t channels = view.color_channels();
    std::vector<float> row(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(channels));
    for (std::int32_t y = 0; y < view.height; ++y) {
        host::load_colors(view, {0, y, view.width, 1}, channels, row);
        image::scatter({row, view.width, 1, channels}, 0, 0, out.view(), {0, y, view.width, 1});
    }
    image::copy_alpha(view, out.view());
    return out;
}

/// Does a file of that name, format and options hold fewer bits a sample than the image has?
bool narrows(const std::filesystem::path &path, std::string_view format, const image::ImageView &view,
             const image::EncodeOptions &options) {
    const bool png =
        format == "png" ||
        (format.empty() && std::ranges::equal(path.extension().string(), std::string_view(".png"), {},
                                              [](unsigned char letter) { return std::tolower(letter); }));
    return !png || (options.bit_depth == 8 && view.sample != image::SampleType::u8);
}

/// Writes pixels and tags that agree.
void write_agreeing(const char *path, std::string_view format, const image::ImageView &view,
                    image::Metadata metadata, const image::EncodeOptions &options) {
    const bool linear = view.transfer == image::Transfer::linear;
    const bool says_linear = image::stated_transfer(metadata) == image::Transfer::linear;
    const bool encode = linear && (!says_linear || narrows(path, format, view, options));
    if (says_linear && (encode || !linear)) metadata = image::with_srgb_curve(metadata);
    if (encode && !says_linear && !image::on_srgb_curve(metadata)) {
        throw Error(ErrorCode::unsupported,
                    "linear light is written on the sRGB curve, which the colour tags do not say", "image",
                    "Write it without a profile, or bring it to the profile's curve before.");
    }
    if (encode)
        image::write_as(path, on_the_curve(view).view(), metadata, options, format);
    else
        image::write_as(path, view, metadata, options, format);
}

} // namespace

extern "C" {

mirra_status mirra_image_read(const char *path, const mirra_read_options *options, mirra_picture **picture,
                              mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        required(picture, "picture");
        const auto given = read_struct_or_default(options, "options");
        check_flags(given.flags, 0, "flags");
        image::DecodeOptions decode;
        if (given.max_pixels != 0) decode.max_pixels = given.max_pixels;
        const std::vector<std::byte> bytes = read_file(path, kLargestFile);
        auto made = std::make_unique<mirra_picture>();
        try {
            made->image = image::decode(bytes, decode);
        } catch (const Error &e) {
            throw Error(e.code(), e.what(), e.subject().empty() ? path : e.subject(), e.hint());
        }
        made->format = format_of(bytes);
        *picture = made.release();
    });
}

mirra_status mirra_picture_create(int32_t width, int32_t height, int32_t format, int32_t color,
                                  mirra_picture **picture, mirra_error **error) {
    return guard(error, [&] {
        required(picture, "picture");
        auto made = std::make_unique<mirra_picture>();
        made->image = image::Image(width, height, color, to_sample(format, "format"));
        *picture = made.release();
    });
}

void mirra_picture_destroy(mirra_picture *picture) {
    delete picture;
}

mirra_status mirra_picture_view(mirra_picture *picture, mirra_image *view, mirra_error **error) {
    return guard(error, [&] {
        image::Image &image = required(picture, "picture").image;
        check_struct(view, "view");
        mirra_image out{};
        out.width = image.width();
        out.height = image.height();
        out.format = to_format(image.sample());
        out.color = image.channels();
        out.transfer =
            image.transfer == image::Transfer::linear ? MIRRA_TRANSFER_LINEAR : MIRRA_TRANSFER_ENCODED;
        out.plane_count = 1;
        const image::ImageView pixels = image.view();
        out.planes[0] = {pixels.data[0], pixels.x_stride, pixels.y_stride};
        out.icc = image.metadata.icc.empty() ? nullptr : image.metadata.icc.data();
        out.icc_bytes = image.metadata.icc.size();
        write_struct(view, out);
    });
}

mirra_status mirra_picture_get_info(const mirra_picture *picture, mirra_picture_info *info,
                                    mirra_error **error) {
    return guard(error, [&] {
        required(picture, "picture");
        check_struct(info, "info");
        mirra_picture_info out{};
        out.bit_depth = picture->image.bit_depth;
        out.file_format = picture->format.c_str();
        out.icc_bytes = picture->image.metadata.icc.size();
        out.exif_bytes = picture->image.metadata.exif.size();
        out.color_tag = image::stated_color(picture->image.metadata).data();
        out.note_count = static_cast<std::uint32_t>(picture->image.metadata.notes.size());
        write_struct(info, out);
    });
}

const char *mirra_picture_note(const mirra_picture *picture, uint32_t index) {
    if (picture == nullptr || index >= picture->image.metadata.notes.size()) return nullptr;
    return picture->image.metadata.notes[index].c_str();
}

mirra_status mirra_picture_copy_color(mirra_picture *picture, const mirra_picture *source,
                                      mirra_error **error) {
    return guard(error, [&] {
        image::Image &to = required(picture, "picture").image;
        const image::Image &from = required(source, "source").image;
        to.metadata.icc = from.metadata.icc;
        to.metadata.color = from.metadata.color;
        to.transfer = from.transfer;
    });
}

int32_t mirra_picture_same_color(const mirra_picture *a, const mirra_picture *b) {
    if (a == nullptr || b == nullptr) return 0;
    return image::same_color(a->image.metadata, b->image.metadata) ? 1 : 0;
}

mirra_status mirra_picture_to_srgb(mirra_picture *picture, mirra_error **error) {
    return guard(error, [&] { image::convert_to_srgb(required(picture, "picture").image); });
}

mirra_status mirra_image_check_write(const char *path, const mirra_image *image,
                                     const mirra_write_options *options, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        const mirra_image known = image == nullptr ? mirra_image{} : read_struct(image, "image");
        const auto given = read_struct_or_default(options, "options");
        image::check_write(path, known.width, known.height, to_options(given), to_format_name(given));
    });
}

mirra_status mirra_image_write(const char *path, const mirra_image *image, const mirra_picture *metadata,
                               const mirra_write_options *options, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        const image::ImageView view = to_view(image, "image");
        image::Metadata carried;
        if (metadata != nullptr) carried = metadata->image.metadata;
        const mirra_image known = read_struct(image, "image");
        if (known.icc != nullptr) {
            const auto *icc = static_cast<const std::byte *>(known.icc);
            // A picture's own view names its own profile; another one stands alone.
            const bool own = std::ranges::equal(std::span(icc, known.icc_bytes), carried.icc);
            if (!own) carried.color = {};
            carried.icc.assign(icc, icc + known.icc_bytes);
        }
        const auto given = read_struct_or_default(options, "options");
        image::EncodeOptions encode = to_options(given);
        std::vector<std::string> notes = std::exchange(carried.notes, {});
        encode.notes = &notes;
        write_agreeing(path, to_format_name(given), view, std::move(carried), encode);
        if (given.log == nullptr) return;
        for (const std::string &note : notes) given.log(given.log_user, MIRRA_LOG_WARNING, note.c_str());
    });
}

mirra_status mirra_file_write(const char *path, const void *bytes, size_t size, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        const auto *text = static_cast<const char *>(bytes);
        if (size > 0) required(text, "bytes");
        write_file(path, {text, size});
    });
}

mirra_status mirra_file_check_write(const char *path, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        check_writable(path);
    });
}
}
