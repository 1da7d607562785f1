// Between a caller's image and the pixels that tasks see: straight alpha, sRGB curve, float.
#pragma once

#include "mirra/image.hpp"
#include "mirra/tiling.hpp"

#include <span>

namespace mirra::host {

/// Fills `out` (height x width x channels floats) with a rectangle that may lie beyond the edges.
void load_tile(const image::ConstImageView &source, const runtime::Rect &rect, int channels,
               std::span<float> out);

/// The same, but that the image goes on mirrored beyond its edges.
void load_mirrored(const image::ConstImageView &source, const runtime::Rect &rect, int channels,
                   std::span<float> out);

/// Writes the core of a tile. `values` (the tile's input rectangle) is worked on in place.
void store_tile(std::span<float> values, const runtime::Tile &tile, int channels,
                const image::ImageView &target);

/// Whether two images share memory.
bool overlap(const image::ConstImageView &a, const image::ConstImageView &b);
/// A private copy of the samples.
image::Image copy_of(const image::ConstImageView &view);

/// That no two samples of an image that is to be written share memory; in one that is only read they may.
/// @param view  a valid one  @throws Error invalid_argument
void check_writable(const image::ConstImageView &view, const std::string &name);

} // namespace mirra::host
