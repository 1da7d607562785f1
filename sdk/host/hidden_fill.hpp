// What the hidden pixels of a picture are taken for.
#pragma once

#include "mirra/image.hpp"
#include "mirra/tiling.hpp"

#include <span>
#include <vector>

namespace mirra::host {

/// Whether colours of a picture are hidden: pixels of alpha 0, or so little of premultiplied alpha that their
/// colour is rounding.
/// @param alpha  least_alpha(view)
bool hides_colors(const image::ConstImageView &view, float alpha);

/// Colours for hidden pixels, from the visible ones around and from nothing else: means over cells that
/// double in size (pull), and the finest that something is visible in, interpolated (push; Gortler and
/// others: The Lumigraph, 1996); with noise like theirs, for a network that finds noise by itself takes
/// smooth surroundings for a sign that there is none. A pixel gets the same colour whichever rectangle it is
/// asked in.
class HiddenFill {
  public:
    /// Bytes that one takes at most, its making and its use included.
    static std::uint64_t bytes(const image::ConstImageView &view);

    /// @param view   must outlive it
    /// @param sigma  of its noise, in units of the colours
    HiddenFill(const image::ConstImageView &view, double sigma);

    /// Puts the colours into the hidden pixels of a rectangle that may lie beyond the edges.
    /// @param out  its pixels as load_colors gives them
    void apply(const runtime::Rect &rect, int channels, std::span<float> out) const;

    /// Cells of one size: those of a rectangle of them, in cells from the picture's corner on.
    struct Cells {
        runtime::Rect rect;
        std::vector<float> colors;  ///< `channels` a cell
        std::vector<float> weights; ///< how much of a cell is visible, 0 ... 1
    };

  private:
    /// Cells of all sizes from single pixels on, of a rectangle that begins at a cell of the base.
    [[nodiscard]] std::vector<Cells> pulled(const runtime::Rect &pixels) const;
    void add_strip(std::int64_t top);
    void fill_block(const runtime::Rect &rect, const runtime::Rect &block, int channels,
                    std::span<float> out) const;

    image::ConstImageView view_;
    int channels_;
    double sigma_;
    Cells base_; ///< of the whole picture, filled
};

} // namespace mirra::host
