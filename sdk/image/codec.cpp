// The table of codecs, and reading and writing through it.
#include "codec.hpp"

#include "foreign.hpp"
#include "metadata.hpp"
#include "mirra/file.hpp"
#include "mirra/picture_file.hpp"
#include "orientation.hpp"

#include <algorithm>
#include <cctype>
#include <new>

namespace mirra::image {
namespace {

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

std::string known_formats() {
    std::string names;
    for (const Codec &codec : codecs()) names += (names.empty() ? "" : ", ") + std::string(codec.name);
    return names;
}

std::string small_extension(const std::filesystem::path &path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(),
                           [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return extension;
}

const Codec &codec_named(std::string_view name) {
    if (const Codec *const found = find_codec({}, name)) return *found;
    throw Error(ErrorCode::unsupported, "there is no image format '" + std::string(name) + "'",
                std::string(name), "use one of: " + known_formats());
}

const Codec &codec_of_extension(const std::filesystem::path &path) {
    if (const Codec *const found = find_codec(path, {})) return *found;
    const std::string extension = small_extension(path);
    std::string known;
    for (const Codec &codec : codecs()) {
        for (const std::string_view each : codec.extensions) known += " " + std::string(each);
    }
    throw Error(ErrorCode::unsupported,
                extension.empty() ? "the file name has no extension, so the image format is not known"
                                  : "there is no image format for the extension '" + extension + "'",
                path.string(), "use one of:" + known);
}

const Codec &codec_of(const std::filesystem::path &path, std::string_view format) {
    return format.empty() ? codec_of_extension(path) : codec_named(format);
}

void check_size(const Codec &codec, std::int32_t width, std::int32_t height, const std::string &subject) {
    const std::int32_t largest = codec.largest_side;
    if (width <= largest && height <= largest) return;
    throw Error(ErrorCode::unsupported,
                "a " + std::string(codec.name) + " file cannot be larger than " + std::to_string(largest) +
                    " pixels on a side; this is " + std::to_string(width) + "x" + std::to_string(height),
                subject, "write a PNG");
}

void check_options(const EncodeOptions &options) {
    const auto check = [](bool good, const char *name, int value, const char *range) {
        if (good) return;
        throw Error(ErrorCode::invalid_argument,
                    std::string(name) + " must be " + range + ", not " + std::to_string(value), name);
    };
    check(options.jpeg_quality >= 1 && options.jpeg_quality <= 100, "jpeg_quality", options.jpeg_quality,
          "1 to 100");
    check(options.png_compression >= 0 && options.png_compression <= 9, "png_compression",
          options.png_compression, "0 to 9");
    check(options.bit_depth == 0 || options.bit_depth == 8 || options.bit_depth == 16 ||
              options.bit_depth == 32,
          "bit_depth", options.bit_depth, "0, 8, 16 or 32");
}

/// A depth beyond what files of the format hold; that of JPEG is taken for any.
void check_depth(const Codec &codec, const EncodeOptions &options, const std::string &subject) {
    constexpr int kReal = 32;
    if (options.bit_depth != kReal || codec.widest_bits >= kReal || codec.widest_bits == 8) return;
    throw Error(ErrorCode::unsupported,
                "a " + std::string(codec.name) + " file holds samples of 8 or 16 bits, not of 32", subject,
                "write a TIFF");
}

std::vector<std::byte> encode_with(const Codec &codec, const ConstImageView &view, const Metadata &metadata,
                                   const EncodeOptions &options) {
    validate(view, "image");
    check_options(options);
    check_depth(codec, options, {});
    check_size(codec, view.width, view.height, {});
    try {
        return codec.encode(view, detail::true_metadata(metadata, view), options);
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "no memory to encode the image");
    }
}

/// The same error, about `path`.
[[noreturn]] void rethrow_about(const Error &error, const std::filesystem::path &path) {
    throw Error(error.code(), error.what(), path.string(), error.hint());
}

} // namespace

std::span<const Codec> codecs() noexcept {
    static const std::array kCodecs{
        detail::png_codec(),  detail::jpeg_codec(),
#ifdef MIRRA_WITH_TIFF
        detail::tiff_codec(),
#endif
#ifdef MIRRA_WITH_WEBP
        detail::webp_codec(),
#endif
#ifdef MIRRA_WITH_JXL
        detail::jxl_codec(),
#endif
    };
    return kCodecs;
}

const Codec *find_codec(const std::filesystem::path &path, std::string_view format) {
    const std::string extension = small_extension(path);
    const auto all = codecs();
    const auto found = std::ranges::find_if(all, [&](const Codec &codec) {
        if (!format.empty()) return codec.name == format;
        return std::ranges::find(codec.extensions, extension) != codec.extensions.end();
    });
    return found == all.end() ? nullptr : &*found;
}

Image decode(std::span<const std::byte> bytes, const DecodeOptions &options) {
    if (bytes.empty()) throw Error(ErrorCode::corrupt, "the file is empty");
    if (bytes.size() > kMaxFileBytes) throw Error(ErrorCode::limit, "the image file is larger than 1 GiB");
    const auto all = codecs();
    const auto codec = std::ranges::find_if(all, [&](const Codec &each) { return each.sniff(bytes); });
    if (codec == all.end()) {
        if (const auto foreign = detail::foreign_format(bytes))
            throw Error(ErrorCode::unsupported, "the file is " + std::string(foreign->what), {},
                        std::string(foreign->hint));
        throw Error(ErrorCode::unsupported, "the file is not an image of a known format", {},
                    "convert it to one of: " + known_formats());
    }
    try {
        Image image = codec->decode(bytes, options);
        detail::settle_metadata(image.metadata, codec->name != "png");
        image.transfer = stated_transfer(image.metadata);
        return options.apply_orientation ? detail::turn_upright(std::move(image)) : image;
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "no memory to decode the image");
    }
}

Image read(const std::filesystem::path &path, const DecodeOptions &options) {
    const auto bytes = read_file(path, kMaxFileBytes);
    try {
        return decode(bytes, options);
    } catch (const Error &error) {
        rethrow_about(error, path);
    }
}

std::vector<std::byte> encode(const ConstImageView &view, const Metadata &metadata, std::string_view format,
                              const EncodeOptions &options) {
    return encode_with(codec_named(format), view, metadata, options);
}

std::vector<std::byte> encode(const Image &image, std::string_view format, const EncodeOptions &options) {
    return encode(image.view(), image.metadata, format, options);
}

void check_write(const std::filesystem::path &path, std::int32_t width, std::int32_t height,
                 const EncodeOptions &options, std::string_view format) {
    const Codec &codec = codec_of(path, format);
    check_size(codec, width, height, path.string());
    check_options(options);
    check_depth(codec, options, path.string());
    check_writable(path);
}

void write_as(const std::filesystem::path &path, const ConstImageView &view, const Metadata &metadata,
              const EncodeOptions &options, std::string_view format) {
    check_write(path, view.width, view.height, options, format);
    std::vector<std::byte> bytes;
    try {
        bytes = encode_with(codec_of(path, format), view, metadata, options);
    } catch (const Error &error) {
        rethrow_about(error, path);
    }
    // Opened only now: the reader of a pipe gets a picture or nothing.
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

void write(const std::filesystem::path &path, const ConstImageView &view, const Metadata &metadata,
           const EncodeOptions &options) {
    write_as(path, view, metadata, options, {});
}

namespace detail {

void check_pixels(std::uint64_t width, std::uint64_t height, const DecodeOptions &options) {
    if (width * height <= options.max_pixels) return;
    throw Error(ErrorCode::limit,
                "the image of " + std::to_string(width) + "x" + std::to_string(height) +
                    " exceeds the limit of " + std::to_string(options.max_pixels) + " pixels",
                {},
                "raise the limit (--max-pixels, or max_pixels in the options) if the file is to be trusted");
}

namespace {

/// Length of the valid UTF-8 sequence at `at`, or 0. Overlong forms and surrogates are left to pass: they do
/// no harm here.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80                    ? 1
                               : first >= 0xf0 && first < 0xf5 ? 4
                               : first >= 0xe0 && first < 0xf0 ? 3
                               : first >= 0xc2 && first < 0xe0 ? 2
                                                               : 0;
    if (length == 0 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(text[at + i]) & 0xc0U) != 0x80U) return 0;
    }
    return length;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0) return false;
        at += length;
    }
    return true;
}

} // namespace

std::string to_utf8(std::string_view text) {
    if (is_utf8(text)) return std::string(text);
    std::string result;
    result.reserve(2 * text.size());
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        if (code < 0x80) {
            result += letter;
        } else {
            result += static_cast<char>(0xc0U | (code >> 6));
            result += static_cast<char>(0x80U | (code & 0x3fU));
        }
    }
    return result;
}

std::optional<std::string> to_latin1(std::string_view utf8) {
    std::string result;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto code = static_cast<unsigned char>(utf8[i]);
        if (code < 0x80) {
            result += utf8[i];
            continue;
        }
        const bool fits = (code == 0xc2 || code == 0xc3) && i + 1 < utf8.size();
        if (!fits) return std::nullopt;
        ++i;
        result += static_cast<char>((code & 0x03U) << 6 | (static_cast<unsigned char>(utf8[i]) & 0x3fU));
    }
    return result;
}

} // namespace detail
} // namespace mirra::image
