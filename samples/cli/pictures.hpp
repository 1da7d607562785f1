// Reading, making and writing of pictures, as the commands need them.
#pragma once

#include "console.hpp"
#include "handles.hpp"

#include <string>

namespace mirra::cli {

/// How pictures are read: --max-pixels.
struct ReadSettings {
    std::uint64_t max_pixels = 0; ///< 0: the library's own limit

    void declare(CLI::App &app);
};

/// How pictures are written: --jpeg-quality, --bit-depth and --format.
struct WriteSettings {
    int jpeg_quality = 0;
    int bit_depth = 0;
    std::string format; ///< one of format_names(); "": the file's name says it, or PNG on the standard output
    const Console *console = nullptr; ///< receives a note for metadata that are lost; NULL: none

    /// @param notes lives as long as the settings
    void declare(CLI::App &app, const Console &notes);
    /// Of results in a folder; "": that of their inputs.
    [[nodiscard]] std::string ending() const;
};

/// The pixel format that a picture of bit depth `settings.bit_depth` has in memory; 0 keeps that of `source`.
std::int32_t output_format(const mirra_image &source, const WriteSettings &settings);

/// Throws Failure (output) if a picture cannot be written there: the format, the folder, its permissions;
/// with `image`, whose pixels are not looked at, also size and colour. Asked before long work; the write
/// itself may still fail.
void check_output(const std::string &path, const WriteSettings &settings, const mirra_image *image = nullptr);

/// Writes `picture`, with the metadata of `metadata` (may be NULL), atomically.
void write_picture(const std::string &path, const Picture &picture, const mirra_picture *metadata,
                   const WriteSettings &settings);

/// A copy of the pixels and their colour tags, packed and interleaved, in another format (U8 or U16) if asked
/// for.
Picture copy_picture(const Picture &source, std::int32_t format);

/// Gives `picture` the colour tags of `source`, and its transfer function.
void copy_color(Picture &picture, const Picture &source);

/// Whether both mean the same colours, neither in linear light: then their samples can stand side by side.
bool comparable(const Picture &a, const Picture &b);

/// A copy in sRGB, of the same depth; of colours that cannot be converted, as they are.
Picture srgb_copy(const Picture &source);

/// A channel sample of an image of whole numbers, 0 ... 1. Throws Failure (internal) for other formats.
double sample(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel);
/// Sets one; the value is clipped and rounded.
void set_sample(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel, double value);

} // namespace mirra::cli
