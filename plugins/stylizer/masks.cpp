// Where a style applies.
#include "masks.hpp"

#include <algorithm>
#include <cmath>

namespace stylizer {
namespace {

std::vector<float> load(const Host &host, const char *port, const mirra_rect &rect) {
    const std::vector<float> planes = host.download(host.port_image(port, rect).get());
    std::vector<float> mask(planes.size() / 3);
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = std::clamp(luminance(planes, i), 0.0F, 1.0F);
    return mask;
}

/// Where the cells of one axis begin and end. They lie in the middle of it, where networks put them; what is
/// left over at its ends goes to the outermost.
std::vector<std::int64_t> edges_of(std::int64_t cells, std::int64_t extent, double pitch) {
    const double offset = (static_cast<double>(extent) - static_cast<double>(cells) * pitch) / 2;
    std::vector<std::int64_t> edges;
    for (std::int64_t i = 0; i <= cells; ++i)
        edges.push_back(std::llround(offset + static_cast<double>(i) * pitch));
    edges.front() = std::min<std::int64_t>(edges.front(), 0);
    edges.back() = std::max(edges.back(), extent);
    return edges;
}

double pitch_of(std::int64_t alignment, std::int64_t cells) {
    return static_cast<double>(alignment) / static_cast<double>(std::max<std::int64_t>(cells, 1));
}

/// The mean of each cell in a strip of pixels.
void add_means(const std::vector<float> &strip, const std::vector<std::int64_t> &columns,
               std::vector<float> &out) {
    const std::int64_t width = columns.back() - columns.front();
    const std::int64_t height = static_cast<std::int64_t>(strip.size()) / width;
    for (std::size_t i = 0; i + 1 < columns.size(); ++i) {
        double sum = 0;
        for (std::int64_t y = 0; y < height; ++y)
            for (std::int64_t x = columns[i]; x < columns[i + 1]; ++x)
                sum += strip[static_cast<std::size_t>(y * width + x - columns.front())];
        out.push_back(static_cast<float>(sum / static_cast<double>(height * (columns[i + 1] - columns[i]))));
    }
}

} // namespace

std::vector<float> cell_coverage(const Host &host, const char *port, const plugin::FeatureGrid &grid,
                                 const Shape &map, std::int64_t margin) {
    const mirra_run_info info = host.run_info();
    const auto columns = edges_of(map[3], info.padded_width, pitch_of(grid.alignment, grid.cells_x));
    const auto rows = edges_of(map[2], info.padded_height, pitch_of(grid.alignment, grid.cells_y));
    std::vector<float> cells;
    for (std::size_t i = 0; i + 1 < rows.size(); ++i)
        add_means(load(host, port,
                       plugin::make_rect(columns.front() - margin, rows[i] - margin,
                                         columns.back() - columns.front(), rows[i + 1] - rows[i])),
                  columns, cells);
    return cells;
}

std::vector<float> pixel_coverage(const Host &host, const char *port, const mirra_tile &tile,
                                  std::int64_t margin) {
    return load(
        host, port,
        plugin::make_rect(tile.input_x - margin, tile.input_y - margin, tile.input_width, tile.input_height));
}

} // namespace stylizer
