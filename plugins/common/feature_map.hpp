// Where the features of a tile lie in those of the whole image.
#pragma once

#include "mirra/mirra_plugin.hpp"

#include <string>

namespace common {

using mirra::plugin::Host, mirra::plugin::Shape;

/// How densely the features of a graph's output lie in its image.
struct FeatureGrid {
    std::int64_t channels = 0;
    std::int64_t alignment = 1;            ///< of the graph, in pixels
    std::int64_t cells_x = 0, cells_y = 0; ///< columns and rows of features per `alignment` pixels
    /// Of the features, in memory.
    [[nodiscard]] double bytes_per_pixel() const;
};

/// @param graph  with an image as its input
/// @throws Failed not_found
FeatureGrid feature_grid(const Host &host, const std::string &graph, const std::string &output);

/// The features of a whole image, and the place of a tile in them.
class FeatureMap {
  public:
    FeatureMap() = default;
    /// @param shape                      of the features of the whole image, brought to the grid of the tiles
    /// @param image_width, image_height  without what it was padded by
    FeatureMap(const FeatureGrid &grid, const Shape &shape, std::int64_t image_width,
               std::int64_t image_height)
        : grid_(grid)
        , shape_(shape)
        , image_width_(image_width)
        , image_height_(image_height) {}

    [[nodiscard]] const Shape &shape() const { return shape_; }
    /// What the whole tile sees; extents are those of the tile's own features.
    [[nodiscard]] mirra_rect window(const mirra_tile &tile, std::int64_t width, std::int64_t height) const;
    /// What the tile's core has to itself; together these are the map. May be empty.
    [[nodiscard]] mirra_rect core(const mirra_tile &tile) const;

  private:
    [[nodiscard]] std::int64_t column(std::int64_t x) const { return x / grid_.alignment * grid_.cells_x; }
    [[nodiscard]] std::int64_t row(std::int64_t y) const { return y / grid_.alignment * grid_.cells_y; }

    FeatureGrid grid_;
    Shape shape_{};
    std::int64_t image_width_ = 0, image_height_ = 0;
};

/// Of the run's image, with the margin that the task asked for.
FeatureMap feature_map(const Host &host, const FeatureGrid &grid, const std::string &graph,
                       const std::string &output, std::int64_t margin = 0);

} // namespace common
