// Extents that a graph takes, axis by axis. Pure functions and values; thread-safe.
#pragma once

#include "mirra/graph.hpp"

#include <cstdint>

namespace mirra::graph {

/// Height and width of a picture or of features.
struct Extents {
    std::int64_t height = 1, width = 1;
    [[nodiscard]] bool operator==(const Extents &) const = default;
};

/// Where intervals end: farther from a pixel than this, a tensor of any allowed extent is over, and a field
/// is the whole axis.
inline constexpr std::int64_t kFarthest = std::int64_t{1} << 30;

/// The smallest aligned extents on which every layer still has a pixel: axis by axis, since graphs may crop,
/// pad and so need one axis more than the other.
/// @throws Error mismatch where no picture of up to 64 times the alignment fits
Extents minimum_extents(const Graph &graph);

/// The grid that a graph's pictures lie on: multiples of its alignment, from its least extents on. Finding it
/// tries many extents; asking it costs nothing.
class PictureGrid {
  public:
    /// @throws Error as minimum_extents()
    explicit PictureGrid(const Graph &graph);
    /// Extents as they are brought to the grid.
    [[nodiscard]] Extents place(Extents extents) const;

  private:
    std::int64_t alignment_;
    Extents least_;
};

} // namespace mirra::graph
