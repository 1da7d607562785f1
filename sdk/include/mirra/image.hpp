// Images: views over the caller's memory, owned images, files, float tiles, quality metrics, noise.
//
// Every function here is free of global state and may be called from any thread, as long as no two calls
// write the same memory. All errors are mirra::Error.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mirra::image {

/// Type of one sample. u8 and u16 span [0, 1] with their full range; f16 is IEEE half. All are in the
/// machine's byte order but u16_swapped, which is u16 in the other one.
enum class SampleType : std::uint8_t { u8, u16, u16_swapped, f16, f32 };

/// What the last of 2 or 4 channels means. `none` is for 1 and 3 channels, and only for them.
enum class AlphaMode : std::uint8_t { none, straight, premultiplied };

/// Transfer function, where it is known beyond the ICC profile. `unknown` is to be taken as sRGB.
enum class Transfer : std::uint8_t { unknown, srgb, linear };

/// Bytes of one sample: 1, 2 or 4.
[[nodiscard]] constexpr std::size_t sample_bytes(SampleType type) noexcept {
    return type == SampleType::u8 ? 1 : type == SampleType::f32 ? 4 : 2;
}

/// A descriptor over the caller's memory; owns nothing. Sample (x, y) of channel c lies at
/// `data[c] + x * x_stride + y * y_stride`. Strides are in bytes and may be negative, so interleaved, planar,
/// bottom-up, mirrored, transposed and cropped pictures are one thing. Samples need no alignment.
template<class Byte> struct BasicImageView {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int32_t channels = 0; ///< 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA
    SampleType sample = SampleType::u8;
    AlphaMode alpha = AlphaMode::none;
    Transfer transfer = Transfer::unknown;
    std::array<Byte *, 4> data{};
    std::ptrdiff_t x_stride = 0;
    std::ptrdiff_t y_stride = 0;

    [[nodiscard]] bool has_alpha() const noexcept { return channels == 2 || channels == 4; }
    /// 1 or 3
    [[nodiscard]] std::int32_t color_channels() const noexcept { return channels >= 3 ? 3 : 1; }
    [[nodiscard]] Byte *at(std::int32_t channel, std::int64_t x, std::int64_t y) const noexcept {
        return data[static_cast<std::size_t>(channel)] + x * x_stride + y * y_stride;
    }

    operator BasicImageView<const std::byte>() const noexcept
        requires(!std::is_const_v<Byte>)
    {
        return {width,    height,  channels, sample, alpha, transfer, {data[0], data[1], data[2], data[3]},
                x_stride, y_stride};
    }
};

using ImageView = BasicImageView<std::byte>;            ///< memory that may be written
using ConstImageView = BasicImageView<const std::byte>; ///< memory that is only read

/// Checks a view from outside before it is used: sizes, channels, enumerators, null pointers, strides under
/// which two samples would overlap (0 repeats pixels or rows on purpose), and extents that overflow the
/// address space. Whether the memory exists, only the caller knows.
/// @param name what the view is, for the error's subject, e.g. "input"
/// @throws Error invalid_argument
void validate(const ConstImageView &view, std::string_view name);

/// An interleaved view of tightly packed rows. @param pixels width * height * channels samples
[[nodiscard]] ImageView interleaved_view(std::byte *pixels, std::int32_t width, std::int32_t height,
                                         std::int32_t channels, SampleType sample) noexcept;
[[nodiscard]] ConstImageView interleaved_view(const std::byte *pixels, std::int32_t width,
                                              std::int32_t height, std::int32_t channels,
                                              SampleType sample) noexcept;

/// A rectangle of a view, inside of it, as a view of its own.
template<class Byte>
[[nodiscard]] BasicImageView<Byte> cropped(BasicImageView<Byte> view, std::int64_t x, std::int64_t y,
                                           std::int32_t width, std::int32_t height) noexcept {
    for (std::int32_t c = 0; c < view.channels; ++c)
        view.data[static_cast<std::size_t>(c)] = view.at(c, x, y);
    view.width = width;
    view.height = height;
    return view;
}

/// Printed resolution, in pixels per metre (72 dpi are 2834.6), or the shape of a pixel alone.
struct Density {
    double x = 0;
    double y = 0;
    bool has_unit = true; ///< false: only x to y means something
};

/// A text with its keyword, as PNG has it. A comment of a JPEG has the keyword "Comment". All in UTF-8.
struct Text {
    std::string keyword; ///< 1 to 79 letters of Latin-1
    std::string text;
    std::string language{};   ///< such as "de"; empty: not stated
    std::string translated{}; ///< the keyword in that language
};

/// What a file says of its colours beside an ICC profile, as PNG has it. Where several are there the first of
/// cICP, ICC profile, sRGB, and gAMA with cHRM counts (PNG, third edition).
struct ColorTags {
    /// ITU-T H.273: primaries, transfer function, matrix, full range
    std::optional<std::array<std::uint8_t, 4>> cicp;
    std::optional<std::uint8_t> srgb;   ///< rendering intent
    std::optional<std::uint32_t> gamma; ///< exponent of the encoding, 1/100000: 45455 is 1/2.2, 100000 linear
    /// x and y of white, red, green and blue, 1/100000
    std::optional<std::array<std::uint32_t, 8>> chromaticities;

    [[nodiscard]] bool operator==(const ColorTags &) const = default;
};

/// What travels with the pixels.
struct Metadata {
    std::vector<std::byte> icc; ///< ICC profile, empty when there is none
    /// TIFF block (without "Exif\0\0"); orientation reset to 1 once it was applied. May exceed 64 KiB
    std::vector<std::byte> exif;
    std::vector<std::byte> xmp;       ///< XMP packet; extended XMP is a part of it
    std::vector<std::byte> photoshop; ///< Photoshop's resources ("8BIM"), IPTC among them
    std::vector<Text> texts;
    std::optional<Density> density;
    ColorTags color;
    /// What a file had and this lacks, or what was changed because it would no longer be true: a sentence
    /// each
    std::vector<std::string> notes;
};

/// The transfer function that the tags state; `unknown` where they state none, or another one.
[[nodiscard]] Transfer stated_transfer(const Metadata &metadata);

/// Which of the tags counts: "icc", "cicp", "srgb", "gama"; "" where there is none, which is taken as sRGB.
[[nodiscard]] std::string_view stated_color(const Metadata &metadata) noexcept;

/// Whether the tags of two pictures mean the same colours. Two ICC profiles do so where they are the same
/// bytes.
[[nodiscard]] bool same_color(const Metadata &a, const Metadata &b);

/// Whether the tags say no other curve than that of sRGB.
[[nodiscard]] bool on_srgb_curve(const Metadata &metadata);

/// Tags of linear light for the same picture on the sRGB curve: its primaries stay.
/// @throws Error unsupported (a profile from which none can be made)
[[nodiscard]] Metadata with_srgb_curve(const Metadata &metadata);

/// Tags of linear light in sRGB's primaries.
[[nodiscard]] ColorTags linear_srgb_tags();

/// An owned picture: interleaved samples, rows tightly packed.
class Image {
  public:
    Image() = default;
    /// All samples zero. Alpha is straight when `channels` is 2 or 4.
    /// @throws Error invalid_argument (sizes below 1, channels outside of 1 to 4) | out_of_memory
    Image(std::int32_t width, std::int32_t height, std::int32_t channels, SampleType sample);

    [[nodiscard]] std::int32_t width() const noexcept { return width_; }
    [[nodiscard]] std::int32_t height() const noexcept { return height_; }
    [[nodiscard]] std::int32_t channels() const noexcept { return channels_; }
    [[nodiscard]] SampleType sample() const noexcept { return sample_; }
    [[nodiscard]] ImageView view() noexcept;
    [[nodiscard]] ConstImageView view() const noexcept;
    [[nodiscard]] std::span<std::byte> bytes() noexcept { return pixels_; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return pixels_; }

    Metadata metadata;
    Transfer transfer = Transfer::unknown;
    int bit_depth = 8; ///< bits a sample had in its file: 1 to 32

  private:
    std::int32_t width_ = 0;
    std::int32_t height_ = 0;
    std::int32_t channels_ = 0;
    SampleType sample_ = SampleType::u8;
    std::vector<std::byte> pixels_;
};

/// Converts a picture of u8, u16 or f32 to sRGB, whatever its tags say, and tags it so. Alpha stays.
/// @throws Error unsupported (a profile that cannot be used, HDR curves, f16)
void convert_to_srgb(Image &image);

/// A rectangle of pixels; x and y may be negative.
struct Rect {
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;
};

/// Converts the colour of a rectangle to floats, height x width x channels. The rectangle may lie beyond the
/// edges: edge pixels are replicated. u8 and u16 map to [0, 1]; f16 and f32 pass as they are, except that NaN
/// becomes 0 and infinities become +-65504. Gray is replicated to three channels, RGB asked for as one
/// channel is averaged. Alpha is skipped; premultiplied colour stays premultiplied.
/// @param source a valid view (see validate)
/// @param out    exactly rect.width * rect.height * color_channels floats
/// @param color_channels 1 or 3
/// @throws Error invalid_argument
void gather(const ConstImageView &source, const Rect &rect, std::span<float> out, int color_channels);

/// A picture of floats, height x width x channels, channels 1 or 3.
struct FloatPixels {
    std::span<const float> values;
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int32_t channels = 0;
};

/// What samples of floats may be; integers are always clamped.
enum class Range : std::uint8_t { unit, unbounded };

/// Writes a rectangle of floats into the colour channels of `target`: clamped to [0, 1], or what a half can
/// be (NaN becomes 0), rounded to the nearest. Three channels become gray by their mean, one is replicated.
/// Alpha is left alone (see copy_alpha).
/// @param x,y  the place in `source` that goes to the rectangle's corner
/// @param rect the place in `target`, inside of it
/// @throws Error invalid_argument (a rectangle outside of either picture, a wrong number of values)
void scatter(const FloatPixels &source, std::int32_t x, std::int32_t y, const ImageView &target,
             const Rect &rect, Range range = Range::unit);

/// Copies the alpha channel, converting its type; a source without alpha counts as opaque, a target without
/// is left alone.
/// @throws Error mismatch (different sizes)
void copy_alpha(const ConstImageView &source, const ImageView &target);

struct DecodeOptions {
    /// Larger pictures are refused before anything is allocated for them.
    std::uint64_t max_pixels = std::uint64_t{1} << 28;
    /// Turns the picture upright as its EXIF says and resets the tag.
    bool apply_orientation = true;
    /// A JPEG whose shorter side is at least twice this comes reduced by 2, 4 or 8, never below it: faster to
    /// decode and free of aliasing. 0: never reduced. Other formats come as they are.
    std::int32_t reduce_to = 0;
    /// Keeps what could be read of a damaged file, the rest gray or black. By default damage is an error.
    bool tolerate_damage = false;
};

struct EncodeOptions {
    int jpeg_quality = 95;   ///< 1 to 100; from 90 on colour is not subsampled (4:4:4), below it is 4:2:0
    int png_compression = 3; ///< zlib level of PNG and TIFF, 0 to 9; photographs gain nothing above 3
    /// 8, 16, or 32 for real numbers in a TIFF or JPEG XL; 0: 8 for u8, 32 for f16 and f32 in
    /// these, otherwise 16. JPEG and WebP are always 8
    int bit_depth = 0;
    /// Receives a sentence for everything of the metadata that the file cannot hold. May be null
    std::vector<std::string> *notes = nullptr;
};

/// A file format. To add one: a file with its functions, and its line in the table of codec.cpp.
struct Codec {
    std::string_view name;                        ///< lower case, e.g. "png"
    std::span<const std::string_view> extensions; ///< lower case, with the dot
    bool (*sniff)(std::span<const std::byte> bytes) noexcept;
    Image (*decode)(std::span<const std::byte> bytes, const DecodeOptions &options);
    std::vector<std::byte> (*encode)(const ConstImageView &view, const Metadata &metadata,
                                     const EncodeOptions &options);
    int widest_bits;           ///< of a sample in its files: 8, 16, or 32 for real numbers
    std::int32_t largest_side; ///< of a picture in its files
};

/// Every format of this build.
[[nodiscard]] std::span<const Codec> codecs() noexcept;

/// Decodes a file in memory; the format is told by its first bytes, never by its name.
///
/// PNG: palettes become RGB, transparency becomes alpha, 16 bits stay 16, fewer than 8 become 8. JPEG: gray
/// stays gray, all else becomes RGB (inks by their profile, if they have one). Samples stay as they are
/// encoded; what the tags say of them stands in the metadata, and Image::transfer tells linear light.
///
/// Takes at most 64 MiB, four times the file, and of each pixel within the limit twice 8 bytes, before
/// anything else is known of the file. Metadata that would need more are left out with a note. A file whose
/// pixels are incomplete or contradict a checksum is corrupt, however little is missing (see
/// DecodeOptions::tolerate_damage); stray bytes between JPEG segments, a lacking end marker after a complete
/// baseline JPEG and broken metadata are not damage. Broken EXIF leaves the picture as it is stored.
/// @throws Error unsupported (format or variant) | corrupt | limit (pixels, 1 GiB, JPEG scans) |
/// out_of_memory
[[nodiscard]] Image decode(std::span<const std::byte> bytes, const DecodeOptions &options = {});

/// Reads and decodes a file. @throws Error not_found | io | as decode
[[nodiscard]] Image read(const std::filesystem::path &path, const DecodeOptions &options = {});

/// Encodes a picture. Samples are converted to the bit depth of the file, premultiplied alpha to straight.
/// JPEG has no alpha: the picture is laid over white. JPEG names colours by a profile alone, which is made of
/// other tags. EXIF states the size of this picture, and its thumbnail shows it. What does not fit into the
/// format is told by EncodeOptions::notes.
/// @param format name of a codec
/// @throws Error invalid_argument | unsupported (format, or sizes it cannot hold) | out_of_memory
[[nodiscard]] std::vector<std::byte> encode(const ConstImageView &view, const Metadata &metadata,
                                            std::string_view format, const EncodeOptions &options = {});
[[nodiscard]] std::vector<std::byte> encode(const Image &image, std::string_view format,
                                            const EncodeOptions &options = {});

/// Encodes by the path's extension and replaces the file atomically: on failure the old file stays.
/// @throws Error unsupported (extension) | not_found (folder) | io | as encode
void write(const std::filesystem::path &path, const ConstImageView &view, const Metadata &metadata = {},
           const EncodeOptions &options = {});

/// Peak signal-to-noise ratio in dB, of values in [0, 1]: 10 log10(1 / (mse + 1e-8)), so 80 dB for equal
/// pictures.
/// @throws Error mismatch (different numbers of values) | invalid_argument (none)
[[nodiscard]] double psnr(std::span<const float> a, std::span<const float> b);
/// The same, of the colour of two pictures of one size; alpha does not count, gray against RGB is compared as
/// RGB.
[[nodiscard]] double psnr(const ConstImageView &a, const ConstImageView &b);

/// Structural similarity of two pictures in [0, 1], height x width x channels: Gaussian window of 11 pixels
/// and sigma 1.5, no padding, k1 0.01, k2 0.03, mean over pixels and channels. At most 1.
/// @throws Error mismatch (different sizes) | invalid_argument (a side below 11 pixels)
[[nodiscard]] double ssim(const FloatPixels &a, const FloatPixels &b);
/// The same, of the colour of two pictures of one size.
[[nodiscard]] double ssim(const ConstImageView &a, const ConstImageView &b);

/// Adds white Gaussian noise. The noise of value i depends on (seed, i) alone, through SplitMix64 and
/// Box-Muller in double precision: the same on every platform, but for a last-digit difference where two C
/// libraries round log, sin or cos differently (about one value in 10^8).
/// @param sigma standard deviation in the units of the pixels (50/255 for "sigma 50"), finite, at least 0
/// @param clip  clamp the result to [0, 1]
/// @throws Error invalid_argument
void add_gaussian_noise(std::span<float> pixels, double sigma, std::uint64_t seed, bool clip);

/// Estimates the standard deviation of white Gaussian noise, in units of the full range, from the spectrum of
/// small visible patches; noise that was clipped at black and white is accounted for. Noise that is
/// correlated between neighbours (after demosaicing, scaling or strong JPEG compression) is underestimated.
/// @throws Error invalid_argument (a side below 16 pixels, or too little of it visible)
[[nodiscard]] double estimate_noise(const ConstImageView &view);

} // namespace mirra::image
