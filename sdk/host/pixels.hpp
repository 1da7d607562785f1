// Between a caller's image and the pixels that tasks see: straight alpha, sRGB curve, float.
#pragma once

#include "hidden_fill.hpp"
#include "mirra/host.hpp"
#include "noise.hpp"

#include <memory>
#include <span>

namespace mirra::host {

/// Of pixels.
struct Size {
    std::int64_t width = 0, height = 0;
};

mirra_format format_of(image::SampleType sample);

/// A caller's image and what its hidden pixels are taken for: what is invisible takes part in nothing.
struct SeenImage {
    image::ConstImageView view;
    std::shared_ptr<const HiddenFill> fill; ///< null: nothing is hidden
    float least_alpha = 1;
    std::optional<NoiseReport> noise;        ///< where it was looked at
    const Pieces *source = nullptr;          ///< it is read piece by piece; the view has no pixels then
    image::Range range = image::Range::unit; ///< of the samples that tasks see
    /// The same pixels in the memory of the run's GPU, where its kernels may take them as they are; none:
    /// they may not.
    std::optional<image::ConstImageView> there = std::nullopt;
};

/// The least alpha of the whole image; 1 where it has none.
float least_alpha(const image::ConstImageView &source);

/// Looks at an image's hidden pixels. They must stay as they are from then on where they are visible.
/// @param alpha  least_alpha(view)
SeenImage see(const image::ConstImageView &view, float alpha);
inline SeenImage see(const image::ConstImageView &view) {
    return see(view, least_alpha(view));
}

/// Fills `out` (height x width x channels floats) with a rectangle that may lie beyond the edges, hidden
/// colours included.
/// @param range  of straight colours behind premultiplied ones
void load_colors(const image::ConstImageView &source, const runtime::Rect &rect, int channels,
                 std::span<float> out, image::Range range = image::Range::unit);

/// The alpha of a rectangle; 1 where an image has none.
std::vector<float> load_alpha(const image::ConstImageView &source, const runtime::Rect &rect);

/// As load_colors, with hidden colours filled.
void load_tile(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out);

/// The same, but that the image goes on mirrored beyond its edges.
void load_mirrored(const SeenImage &source, const runtime::Rect &rect, int channels, std::span<float> out);

/// The same of its alpha.
std::vector<float> load_mirrored_alpha(const image::ConstImageView &source, const runtime::Rect &rect);

/// The pixels of a rectangle of a picture in pieces, in memory of its own; without alpha.
image::Image read_piece(const Pieces &source, const runtime::Rect &rect);

/// What a task gave: height x width x channels floats, the last of which may be alpha.
struct GivenPixels {
    std::span<float> values; ///< worked on in place
    runtime::Rect shown;     ///< of the output, which they are
    int channels = 3;        ///< alpha included
    bool with_alpha = false;
    image::Range range = image::Range::unit;
};

/// Writes the pixels of `kept`, a rectangle within those given, into a piece of an image that is as large.
/// Their alpha is that of the source's pixels, unless it was given.
/// @param scaled  the output is not of the source's size: so large is it
void store_pixels(const GivenPixels &given, const runtime::Rect &kept, const SeenImage &source,
                  const std::optional<Size> &scaled, const image::ImageView &piece);

/// Addresses from the lowest byte of an image's samples to behind the highest.
struct MemorySpan {
    std::uintptr_t begin = UINTPTR_MAX, end = 0;
};
MemorySpan memory_of(const image::ConstImageView &view);

/// Whether two images share memory.
bool overlap(const image::ConstImageView &a, const image::ConstImageView &b);
/// Copies the samples as they are. @param to  of the same size, channels and samples, apart from `from`
void copy_samples(const image::ConstImageView &from, const image::ImageView &to);
/// A private copy of the samples.
image::Image copy_of(const image::ConstImageView &view);

/// That no two samples of an image that is to be written share memory; in one that is only read they may.
/// @param view  a valid one  @throws Error invalid_argument
void check_writable(const image::ConstImageView &view, const std::string &name);

} // namespace mirra::host
