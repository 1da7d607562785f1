// Pictures: files, and pixels that the library owns.
#include "handles.hpp"

#include "mirra/file.hpp"
#include "mirra/picture_file.hpp"
#include "pixels.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace {

using namespace mirra;
using namespace mirra::capi;

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 30;

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
        throw Error(ErrorCode::invalid_argument,
                    "jpeg_quality is " + std::to_string(options.jpeg_quality) + ", and must be 1 to 100",
                    "jpeg_quality", "Set it to 0 for the default.");
    }
    constexpr std::array kDepths{0, 8, 16, 32};
    if (std::ranges::find(kDepths, options.bit_depth) == kDepths.end()) {
        throw Error(ErrorCode::invalid_argument,
                    "bit_depth is " + std::to_string(options.bit_depth) + ", and must be 8, 16 or 32",
                    "bit_depth", "Set it to 0 for that of the image.");
    }
    out.bit_depth = options.bit_depth;
    return out;
}

image::DecodeOptions to_options(const mirra_read_options *options) {
    const auto given = read_struct_or_default(options, "options");
    check_flags(given.flags, 0, "options.flags");
    image::DecodeOptions out;
    if (given.max_pixels != 0) out.max_pixels = given.max_pixels;
    return out;
}

/// @param name  for errors
std::unique_ptr<mirra_picture> decoded(std::span<const std::byte> bytes, const image::DecodeOptions &options,
                                       const char *name) {
    auto made = std::make_unique<mirra_picture>();
    try {
        made->data->image = image::decode(bytes, options);
    } catch (const Error &e) {
        throw Error(e.code(), e.what(), e.subject().empty() ? name : e.subject(), e.hint());
    }
    made->data->format = format_of(bytes);
    return made;
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
    const image::Codec *const codec = image::find_codec(path, format);
    const bool wide = codec != nullptr && codec->widest_bits > 8;
    return !wide || (options.bit_depth == 8 && view.sample != image::SampleType::u8);
}

/// Gives pixels and tags that agree to `write(view, metadata)`.
template<class Write>
void with_agreeing(const image::ImageView &view, image::Metadata metadata, bool narrower,
                   const Write &write) {
    const bool linear = view.transfer == image::Transfer::linear;
    const bool says_linear = image::stated_transfer(metadata) == image::Transfer::linear;
    const bool encode = linear && (!says_linear || narrower);
    if (says_linear && (encode || !linear)) metadata = image::with_srgb_curve(metadata);
    if (encode && !says_linear && !image::on_srgb_curve(metadata)) {
        throw Error(ErrorCode::unsupported,
                    "linear light is written on the sRGB curve, which the colour tags do not say", "image",
                    "Write it without a profile, or bring it to the profile's curve before.");
    }
    if (encode)
        write(on_the_curve(view).view(), metadata);
    else
        write(view, metadata);
}

/// The metadata that go along with an image.
image::Metadata carried_by(const mirra_image &image, const mirra_picture *metadata) {
    image::Metadata carried;
    if (metadata != nullptr) carried = metadata->data->image.metadata;
    if (image.icc == nullptr || image.icc_bytes == 0) return carried;
    const auto *icc = static_cast<const std::byte *>(image.icc);
    // A picture's own view names its own profile; another one stands alone.
    const bool own = std::ranges::equal(std::span(icc, image.icc_bytes), carried.icc);
    if (!own) carried.color = {};
    carried.icc.assign(icc, icc + image.icc_bytes);
    return carried;
}

/// Writes an image by `write(view, metadata, options)`, and tells the notes. @param path  NULL: memory
template<class Write>
void write_image(const char *path, const mirra_image *image, const mirra_picture *metadata,
                 const mirra_write_options &given, const Write &write) {
    const image::ImageView view = to_view(image, "image");
    image::Metadata carried = carried_by(read_struct(image, "image"), metadata);
    image::EncodeOptions encode = to_options(given);
    std::vector<std::string> notes = std::exchange(carried.notes, {});
    encode.notes = &notes;
    const bool narrower = narrows(path == nullptr ? "" : path, to_format_name(given), view, encode);
    with_agreeing(view, std::move(carried), narrower,
                  [&](const image::ConstImageView &pixels, const image::Metadata &tags) {
                      write(pixels, tags, encode);
                  });
    if (given.log == nullptr) return;
    for (const std::string &note : notes) given.log(given.log_user, MIRRA_LOG_WARNING, note.c_str());
}

const std::vector<std::byte> &metadata_of(const image::Metadata &metadata, mirra_metadata kind) {
    switch (kind) {
    case MIRRA_METADATA_ICC:
        return metadata.icc;
    case MIRRA_METADATA_EXIF:
        return metadata.exif;
    case MIRRA_METADATA_XMP:
        return metadata.xmp;
    case MIRRA_METADATA_PHOTOSHOP:
        return metadata.photoshop;
    default:
        unknown_value("kind", kind, "kind", "MIRRA_METADATA_ICC (1), _EXIF (2), _XMP (3) or _PHOTOSHOP (4)");
    }
}

/// Samples of some rows as they are. @param first  row of `from`, @param to_first  row of `to`
void copy_samples(const image::ConstImageView &from, std::int32_t first, const image::ImageView &to,
                  std::int32_t to_first, std::int32_t rows) {
    const std::size_t size = image::sample_bytes(from.sample);
    for (std::int32_t c = 0; c < from.channels; ++c)
        for (std::int32_t y = 0; y < rows; ++y)
            for (std::int32_t x = 0; x < from.width; ++x)
                std::memcpy(to.at(c, x, to_first + y), from.at(c, x, first + y), size);
}

/// Tags that say of the samples what the caller's description says. @throws Error unsupported
image::Metadata agreeing(const image::Metadata &metadata, image::Transfer transfer) {
    const bool linear = transfer == image::Transfer::linear;
    if (linear == (image::stated_transfer(metadata) == image::Transfer::linear)) return metadata;
    if (!linear) return image::with_srgb_curve(metadata);
    if (!image::same_color(metadata, {}))
        throw Error(ErrorCode::unsupported, "the picture is linear light, and its profile says another curve",
                    "picture", "Describe it with the profile of the linear samples, or as encoded.");
    image::Metadata out = metadata;
    out.icc.clear();
    out.color = image::linear_srgb_tags();
    return out;
}

/// @throws Error invalid_argument | unsupported
void check_convertible(const image::ImageView &view) {
    host::check_writable(view, "picture");
    if (view.alpha == image::AlphaMode::premultiplied)
        throw Error(ErrorCode::unsupported, "premultiplied pixels cannot be converted to sRGB", "picture",
                    "Divide alpha out first.");
}

/// The caller's pixels, where they are, some rows at a time.
void convert_samples(const image::ImageView &view, const image::Metadata &tags) {
    constexpr std::int32_t kRows = 64;
    image::Image some(view.width, std::min(kRows, view.height), view.channels, view.sample);
    for (std::int32_t first = 0; first < view.height; first += kRows) {
        const std::int32_t rows = std::min(kRows, view.height - first);
        some.metadata.icc = tags.icc;
        some.metadata.color = tags.color;
        copy_samples(view, first, some.view(), 0, rows);
        image::convert_to_srgb(some);
        copy_samples(std::as_const(some).view(), 0, view, first, rows);
    }
}

/// Where no sample changes none is written.
void convert_wrapped(PictureData &data) {
    const image::ImageView view = data.view();
    const image::Metadata tags = agreeing(data.image.metadata, view.transfer);
    if (!image::same_color(tags, {})) {
        check_convertible(view);
        convert_samples(view, tags);
    }
    data.image.metadata.icc.clear();
    data.image.metadata.color = {};
    image::convert_to_srgb(data.image); // which has no pixels: the tags
}

} // namespace

image::ImageView PictureData::view() {
    if (!wrapped) return image.view();
    image::ImageView view = *wrapped;
    view.transfer = image.transfer;
    return view;
}

extern "C" {

mirra_status mirra_image_read(const char *path, const mirra_read_options *options, mirra_picture **picture,
                              mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        required(picture, "picture");
        const image::DecodeOptions given = to_options(options);
        const std::vector<std::byte> bytes = read_file(path, kLargestFile);
        *picture = decoded(bytes, given, path).release();
    });
}

mirra_status mirra_image_read_memory(const void *bytes, size_t size, const mirra_read_options *options,
                                     mirra_picture **picture, mirra_error **error) {
    return guard(error, [&] {
        const auto *first = static_cast<const std::byte *>(bytes);
        if (size > 0) required(first, "bytes");
        required(picture, "picture");
        if (size > kLargestFile)
            throw Error(ErrorCode::limit,
                        "the picture has " + std::to_string(size) + " bytes, more than 1 GiB", "size");
        *picture = decoded({first, size}, to_options(options), "bytes").release();
    });
}

mirra_status mirra_picture_create(int32_t width, int32_t height, int32_t format, int32_t color,
                                  mirra_picture **picture, mirra_error **error) {
    return guard(error, [&] {
        required(picture, "picture");
        auto made = std::make_unique<mirra_picture>();
        check_color(color, "color", "color");
        made->data->image = image::Image(width, height, color, to_sample(format, "format", "format"));
        *picture = made.release();
    });
}

mirra_status mirra_picture_wrap(const mirra_image *image, void (*release)(void *user), void *user,
                                mirra_picture **picture, mirra_error **error) {
    return guard(error, [&] {
        required(picture, "picture");
        auto made = std::make_unique<mirra_picture>();
        PictureData &data = *made->data;
        data.wrapped = to_view(image, "image");
        const mirra_image given = read_struct(image, "image");
        if (given.icc != nullptr) {
            const auto *icc = static_cast<const std::byte *>(given.icc);
            data.image.metadata.icc.assign(icc, icc + given.icc_bytes);
        }
        data.image.transfer = data.wrapped->transfer;
        data.image.bit_depth = data.wrapped->sample == image::SampleType::u8 ? 8 : 16;
        // The last that can fail: whatever did before left the pixels the caller's.
        data.owner = std::make_shared<host::CallbackUser>(user, release);
        *picture = made.release();
    });
}

void mirra_picture_destroy(mirra_picture *picture) {
    delete picture;
}

mirra_status mirra_picture_view(mirra_picture *picture, mirra_image *view, mirra_error **error) {
    return guard(error, [&] {
        PictureData &data = *required(picture, "picture").data;
        check_struct(view, "view");
        const image::Image &image = data.image;
        mirra_image out = to_image(data.view());
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
        out.bit_depth = picture->data->image.bit_depth;
        out.file_format = picture->data->format.c_str();
        out.icc_bytes = picture->data->image.metadata.icc.size();
        out.exif_bytes = picture->data->image.metadata.exif.size();
        out.color_tag = image::stated_color(picture->data->image.metadata).data();
        out.note_count = static_cast<std::uint32_t>(picture->data->image.metadata.notes.size());
        write_struct(info, out);
    });
}

mirra_status mirra_picture_metadata(const mirra_picture *picture, mirra_metadata kind, const void **bytes,
                                    uint64_t *size, mirra_error **error) {
    return guard(error, [&] {
        required(picture, "picture");
        required(bytes, "bytes");
        required(size, "size");
        const std::vector<std::byte> &found = metadata_of(picture->data->image.metadata, kind);
        *bytes = found.empty() ? nullptr : found.data();
        *size = found.size();
    });
}

const char *mirra_picture_note(const mirra_picture *picture, uint32_t index) {
    if (picture == nullptr || index >= picture->data->image.metadata.notes.size()) return nullptr;
    return picture->data->image.metadata.notes[index].c_str();
}

mirra_status mirra_picture_copy_color(mirra_picture *picture, const mirra_picture *source,
                                      mirra_error **error) {
    return guard(error, [&] {
        image::Image &to = required(picture, "picture").data->image;
        const image::Image &from = required(source, "source").data->image;
        to.metadata.icc = from.metadata.icc;
        to.metadata.color = from.metadata.color;
        to.transfer = from.transfer;
    });
}

int32_t mirra_picture_same_color(const mirra_picture *a, const mirra_picture *b) {
    if (a == nullptr || b == nullptr) return 0;
    const auto is_linear = [](const mirra_picture &each) {
        return each.data->image.transfer == image::Transfer::linear;
    };
    return is_linear(*a) == is_linear(*b) &&
                   image::same_color(a->data->image.metadata, b->data->image.metadata)
               ? 1
               : 0;
}

mirra_status mirra_picture_to_srgb(mirra_picture *picture, mirra_error **error) {
    return guard(error, [&] {
        PictureData &data = *required(picture, "picture").data;
        data.wrapped ? convert_wrapped(data) : image::convert_to_srgb(data.image);
    });
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
        const auto given = read_struct_or_default(options, "options");
        write_image(path, image, metadata, given,
                    [&](const auto &view, const auto &tags, const auto &encode) {
                        image::write_as(path, view, tags, encode, to_format_name(given));
                    });
    });
}

mirra_status mirra_image_write_memory(const mirra_image *image, const mirra_picture *metadata,
                                      const mirra_write_options *options, void **bytes, size_t *size,
                                      mirra_error **error) {
    return guard(error, [&] {
        constexpr const char *kHint =
            R"(Set options.format to "png", "jpeg" or another format of this build.)";
        required(options, "options", kHint);
        const auto given = read_struct(options, "options");
        required(given.format, "options.format", kHint);
        required(bytes, "bytes");
        required(size, "size");
        std::vector<std::byte> made;
        write_image(nullptr, image, metadata, given,
                    [&](const auto &view, const auto &tags, const auto &encode) {
                        made = image::encode(view, tags, given.format, encode);
                    });
        give_bytes(made, bytes, size);
    });
}

void mirra_memory_free(void *bytes) {
    std::free(bytes);
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
