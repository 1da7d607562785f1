// Where the features of a tile lie in those of the whole image.
#include "feature_map.hpp"

namespace common {

double FeatureGrid::bytes_per_pixel() const {
    return static_cast<double>(channels * cells_x * cells_y) * sizeof(float) /
           static_cast<double>(alignment * alignment);
}

// From two sizes that differ by one alignment.
FeatureGrid feature_grid(const Host &host, const std::string &graph, const std::string &output) {
    constexpr std::int64_t kSteps = 64; // as many as the least extent of a graph may have
    FeatureGrid grid;
    grid.alignment = host.alignment(graph);
    const std::int64_t far = kSteps * grid.alignment;
    const Shape one = host.output_shape(graph, output, far, far);
    const Shape two = host.output_shape(graph, output, far + grid.alignment, far + grid.alignment);
    grid.channels = one[1];
    grid.cells_y = two[2] - one[2];
    grid.cells_x = two[3] - one[3];
    return grid;
}

mirra_rect FeatureMap::window(const mirra_tile &tile, std::int64_t width, std::int64_t height) const {
    return mirra::plugin::make_rect(column(tile.input_x), row(tile.input_y), width, height);
}

mirra_rect FeatureMap::core(const mirra_tile &tile) const {
    const std::int64_t left = column(tile.core_x), top = row(tile.core_y);
    const std::int64_t end_x = tile.core_x + tile.core_width, end_y = tile.core_y + tile.core_height;
    // The last tiles take what is left over, be it of the padding.
    const std::int64_t right = end_x >= image_width_ ? shape_[3] : column(end_x);
    const std::int64_t bottom = end_y >= image_height_ ? shape_[2] : row(end_y);
    return mirra::plugin::make_rect(left, top, right - left, bottom - top);
}

FeatureMap feature_map(const Host &host, const FeatureGrid &grid, const std::string &graph,
                       const std::string &output, std::int64_t margin) {
    const mirra_run_info info = host.run_info();
    return {grid, host.output_shape(graph, output, info.padded_height, info.padded_width),
            info.width + 2 * margin, info.height + 2 * margin};
}

} // namespace common
