// Where a style applies.
#include "masks.hpp"

#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <cmath>

namespace stylizer {
namespace {

std::vector<float> load(const Host &host, const char *port, const mirra_rect &rect) {
    const std::vector<float> planes = host.download(host.port_image(port, rect).get());
    std::vector<float> mask(planes.size() / 3);
    for (std::size_t i = 0; i < mask.size(); ++i) mask[i] = std::clamp(luminance(planes, i), 0.0F, 1.0F);
    const mirra_run_info info = host.run_info();
    const std::vector<float> alpha = host.port_alpha(port, info.width, info.height, rect);
    for (std::size_t i = 0; i < alpha.size(); ++i) mask[i] *= alpha[i];
    return mask;
}

/// What of an axis a cell lies in the middle of.
struct Cell {
    std::int64_t begin, end;
};

/// The cells of one axis. They lie in the middle of it, where networks put them; what is left over at its
/// ends goes to the outermost, and a cell smaller than a pixel has that pixel.
std::vector<Cell> cells_of(std::int64_t count, std::int64_t extent, double pitch) {
    const double offset = (static_cast<double>(extent) - static_cast<double>(count) * pitch) / 2;
    const auto edge = [&](std::int64_t i) { return std::llround(offset + static_cast<double>(i) * pitch); };
    std::vector<Cell> cells;
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t begin = i == 0 ? std::min<std::int64_t>(edge(i), 0) : edge(i),
                           end = i + 1 == count ? std::max<std::int64_t>(edge(i + 1), extent) : edge(i + 1);
        cells.push_back({begin, std::max(end, begin + 1)});
    }
    return cells;
}

double pitch_of(std::int64_t alignment, std::int64_t cells) {
    return static_cast<double>(alignment) / static_cast<double>(std::max<std::int64_t>(cells, 1));
}

/// The mean of each cell in a strip of pixels {height, width} that begins at column `left`.
void add_means(const std::vector<float> &strip, std::int64_t width, std::int64_t left,
               const std::vector<Cell> &columns, std::vector<float> &out) {
    const std::int64_t height = static_cast<std::int64_t>(strip.size()) / width;
    for (const Cell &cell : columns) {
        double sum = 0;
        for (std::int64_t y = 0; y < height; ++y)
            for (const float value :
                 plugin::part_of(strip, y * width + cell.begin - left, cell.end - cell.begin))
                sum += value;
        out.push_back(static_cast<float>(sum / static_cast<double>(height * (cell.end - cell.begin))));
    }
}

/// The means of all cells of a map.
/// @param load_strip  (rectangle): values of its pixels
template<class Load>
std::vector<float> cell_means(const common::FeatureGrid &grid, const Shape &map,
                              const std::array<std::int64_t, 2> &padded, std::int64_t margin,
                              const Load &load_strip) {
    const auto columns = cells_of(map[3], padded[0], pitch_of(grid.alignment, grid.cells_x));
    const auto rows = cells_of(map[2], padded[1], pitch_of(grid.alignment, grid.cells_y));
    const std::int64_t left = columns.front().begin, width = columns.back().end - left;
    std::vector<float> cells;
    for (const Cell &row : rows) {
        const auto rect = plugin::make_rect(left - margin, row.begin - margin, width, row.end - row.begin);
        add_means(load_strip(rect), width, left, columns, cells);
    }
    return cells;
}

} // namespace

std::vector<float> cell_coverage(const Host &host, const char *port, const common::FeatureGrid &grid,
                                 const Shape &map, std::int64_t margin) {
    const mirra_run_info info = host.run_info();
    return cell_means(grid, map, {info.padded_width, info.padded_height}, margin,
                      [&](const mirra_rect &strip) { return load(host, port, strip); });
}

std::vector<float> cell_visibility(const Host &host, const char *port, std::int64_t width,
                                   std::int64_t height, const common::FeatureGrid &grid,
                                   const std::array<std::int64_t, 2> &padded, const Shape &map,
                                   std::int64_t margin) {
    const auto alpha = [&](const mirra_rect &strip) { return host.port_alpha(port, width, height, strip); };
    if (alpha(plugin::make_rect(0, 0, 1, 1)).empty()) return {};
    return cell_means(grid, map, padded, margin, alpha);
}

std::vector<float> pixel_coverage(const Host &host, const char *port, const mirra_tile &tile,
                                  std::int64_t margin) {
    return load(
        host, port,
        plugin::make_rect(tile.input_x - margin, tile.input_y - margin, tile.input_width, tile.input_height));
}

} // namespace stylizer
