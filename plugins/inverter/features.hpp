// The features of a tile: where they lie in those of the whole image, and what is done to them.
#pragma once

#include "settings.hpp"

namespace inverter {

/// The features of the whole image, and the place of a tile in them.
class FeatureMap {
  public:
    FeatureMap() = default;
    /// @throws Failed mismatch (the shape of the features that were given)
    FeatureMap(const Host &host, const Settings &settings);

    [[nodiscard]] const Shape &shape() const { return shape_; }
    /// What the whole tile sees; extents are those of the tile's own features.
    [[nodiscard]] mirra_rect window(const mirra_tile &tile, std::int64_t width, std::int64_t height) const;
    /// What the tile's core has to itself; together these are the map. May be empty.
    [[nodiscard]] mirra_rect core(const mirra_tile &tile) const;

  private:
    [[nodiscard]] std::int64_t column(std::int64_t x) const { return x / alignment_ * cells_x_; }
    [[nodiscard]] std::int64_t row(std::int64_t y) const { return y / alignment_ * cells_y_; }

    Shape shape_{};
    std::int64_t alignment_ = 1, cells_x_ = 0, cells_y_ = 0, image_width_ = 0, image_height_ = 0;
};

/// What a tile's picture is to be made from: its own features, or those given, or between; then edited.
Tensor features_of_tile(const Host &host, const Settings &settings, const FeatureMap &map,
                        const mirra_tile &tile, const mirra_tensor *pixels);

/// Puts what the core has to itself into the result.
void give_out(const Host &host, const FeatureMap &map, const mirra_tile &tile, const Tensor &features);

} // namespace inverter
