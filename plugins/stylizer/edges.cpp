// Sums over windows, a linear function for each cell, and that applied to the pixels.
#include "edges.hpp"

#include "description.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace stylizer {
namespace {

constexpr std::int64_t kRadius = 6; ///< of a window, in cells
constexpr double kEven = 0.01;      ///< variance of colours in 0 ... 1, below which the guide counts as even

// Planes of the sums: the weight, and its products with guide, picture, guide by guide, guide by picture.
constexpr int kGuide = 1, kPicture = kGuide + kColors, kSquares = kPicture + kColors, kCross = kSquares + 6,
              kSums = kCross + kColors * kColors;
// Planes of the functions: a matrix, an offset, and the picture's means.
constexpr int kOffset = kColors * kColors, kMeans = kOffset + kColors, kParts = kMeans + kColors;

/// Of the symmetric matrix of a guide's products.
constexpr int square_of(int i, int j) {
    constexpr std::array<std::array<int, 3>, 3> kPlace{{{0, 1, 2}, {1, 3, 4}, {2, 4, 5}}};
    return kSquares + kPlace[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
}

using Colors = std::array<double, 3>;

/// The mean of a cell's pixels, colour by colour.
Colors mean_of(const Planes &picture, const EdgeGrid &grid, std::size_t at) {
    const auto place = static_cast<std::int64_t>(at);
    const std::int64_t top = place / grid.columns * grid.cell, left = place % grid.columns * grid.cell;
    Colors out{};
    for (int c = 0; c < kColors; ++c) {
        const auto values = picture.channel(c);
        double sum = 0;
        for (std::int64_t y = top; y < top + grid.cell; ++y)
            for (const float value : plugin::part_of(values, y * picture.width() + left, grid.cell))
                sum += value;
        out[static_cast<std::size_t>(c)] = sum / static_cast<double>(grid.cell * grid.cell);
    }
    return out;
}

/// Calls body(place) for all cells, rows at once.
template<class Body> void for_cells(const Host &host, const EdgeGrid &grid, const Body &body) {
    host.parallel_for(static_cast<std::uint64_t>(grid.rows), [&](std::uint64_t row) {
        const auto first = static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.columns);
        for (std::size_t x = 0; x < static_cast<std::size_t>(grid.columns); ++x) body(first + x);
    });
}

/// What a cell brings to the sums; the picture's means go into `parts`.
void add_cell(const Planes &guide, const Planes &picture, const std::vector<float> &visible,
              const EdgeGrid &grid, std::size_t at, Planes &sums, Planes &parts) {
    const double weight = visible.empty() ? 1 : visible[at];
    const Colors shown = mean_of(guide, grid, at), own = mean_of(picture, grid, at);
    const auto set = [&](int plane, double value) {
        sums.channel(plane)[at] = static_cast<float>(weight * value);
    };
    set(0, 1);
    for (int i = 0; i < kColors; ++i) {
        const auto k = static_cast<std::size_t>(i);
        set(kGuide + i, shown[k]);
        set(kPicture + i, own[k]);
        parts.channel(kMeans + i)[at] = static_cast<float>(own[k]);
        for (int j = 0; j < kColors; ++j) {
            const auto m = static_cast<std::size_t>(j);
            set(square_of(i, j), shown[k] * shown[m]);
            set(kCross + i * kColors + j, shown[k] * own[m]);
        }
    }
}

/// Replaces each of `count` values, `step` apart, by the sum over its window.
void sum_windows(plugin::Span<float> values, std::size_t first, std::size_t step, std::int64_t count,
                 std::vector<double> &running) {
    running.assign(static_cast<std::size_t>(count) + 1, 0);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto k = static_cast<std::size_t>(i);
        running[k + 1] = running[k] + values[first + k * step];
    }
    for (std::int64_t i = 0; i < count; ++i) {
        const auto begin = static_cast<std::size_t>(std::max<std::int64_t>(i - kRadius, 0)),
                   end = static_cast<std::size_t>(std::min(i + kRadius + 1, count));
        values[first + static_cast<std::size_t>(i) * step] =
            static_cast<float>(running[end] - running[begin]);
    }
}

/// Along rows and columns, of the first `planes` planes.
void sum_windows(const Host &host, const EdgeGrid &grid, int planes, Planes &out) {
    host.parallel_for(static_cast<std::uint64_t>(planes), [&](std::uint64_t plane) {
        const auto values = out.channel(static_cast<std::int64_t>(plane));
        const auto width = static_cast<std::size_t>(grid.columns);
        std::vector<double> running;
        for (std::int64_t y = 0; y < grid.rows; ++y)
            sum_windows(values, static_cast<std::size_t>(y) * width, 1, grid.columns, running);
        for (std::size_t x = 0; x < width; ++x) sum_windows(values, x, width, grid.rows, running);
    });
}

/// By cofactors. @param m  symmetric and positive
std::array<Colors, 3> inverse(const std::array<Colors, 3> &m) {
    std::array<Colors, 3> out{};
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            const std::size_t a = (j + 1) % 3, b = (j + 2) % 3, c = (i + 1) % 3, d = (i + 2) % 3;
            out[i][j] = m[a][c] * m[b][d] - m[a][d] * m[b][c];
        }
    const double determinant = m[0][0] * out[0][0] + m[0][1] * out[1][0] + m[0][2] * out[2][0];
    for (auto &row : out)
        for (double &value : row) value /= determinant;
    return out;
}

/// The linear function of one cell's window, times the window's weight.
void fit_cell(const Planes &sums, std::size_t at, double weight, Planes &parts) {
    const double all = sums.channel(0)[at];
    const auto mean = [&](int plane) { return all > 0 ? sums.channel(plane)[at] / all : 0; };
    std::array<Colors, 3> covariance{};
    for (int i = 0; i < kColors; ++i)
        for (int j = 0; j < kColors; ++j)
            covariance[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] =
                mean(square_of(i, j)) - mean(kGuide + i) * mean(kGuide + j) + (i == j ? kEven : 0);
    const auto inverted = inverse(covariance);
    for (int c = 0; c < kColors; ++c) {
        double offset = mean(kPicture + c);
        for (int i = 0; i < kColors; ++i) {
            double slope = 0;
            for (int j = 0; j < kColors; ++j)
                slope += inverted[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] *
                         (mean(kCross + j * kColors + c) - mean(kGuide + j) * mean(kPicture + c));
            parts.channel(i * kColors + c)[at] = static_cast<float>(weight * slope);
            offset -= slope * mean(kGuide + i);
        }
        parts.channel(kOffset + c)[at] = static_cast<float>(weight * offset);
    }
}

/// Cells of the window around each, fewer at a border.
std::int64_t window_at(const EdgeGrid &grid, std::size_t at) {
    const auto covered = [](std::int64_t i, std::int64_t count) {
        return std::min(i + kRadius, count - 1) - std::max<std::int64_t>(i - kRadius, 0) + 1;
    };
    const auto place = static_cast<std::int64_t>(at);
    return covered(place / grid.columns, grid.rows) * covered(place % grid.columns, grid.columns);
}

/// Makes sums over windows that were weighted to means. Where nothing has a weight, pictures stay.
void divide(const Planes &weights, std::size_t at, Planes &parts) {
    const float weight = weights.channel(0)[at];
    for (int plane = 0; plane < kMeans; ++plane) {
        float &value = parts.channel(plane)[at];
        value = weight > 0 ? value / weight : 0;
    }
    for (int c = 0; weight <= 0 && c < kColors; ++c)
        parts.channel(kOffset + c)[at] = parts.channel(kMeans + c)[at];
}

/// The functions of all cells, each the mean over the windows that it lies in; and the picture's means.
Planes fit(const Host &host, const Planes &guide, const std::vector<float> &visible, const EdgeGrid &grid,
           const Planes &picture) {
    Planes sums(kSums, grid.rows, grid.columns), parts(kParts, grid.rows, grid.columns),
        weights(1, grid.rows, grid.columns);
    for_cells(host, grid, [&](std::size_t at) { add_cell(guide, picture, visible, grid, at, sums, parts); });
    sum_windows(host, grid, kSums, sums);
    for_cells(host, grid, [&](std::size_t at) {
        const double weight = sums.channel(0)[at] / static_cast<double>(window_at(grid, at));
        weights.channel(0)[at] = static_cast<float>(weight);
        fit_cell(sums, at, weight, parts);
    });
    sum_windows(host, grid, kMeans, parts);
    sum_windows(host, grid, 1, weights);
    for_cells(host, grid, [&](std::size_t at) { divide(weights, at, parts); });
    return parts;
}

/// Between which cells a pixel lies, and how far it is from the first of them.
struct Between {
    std::size_t first, second;
    float share;
};

Between between(std::int64_t pixel, std::int64_t cell, std::int64_t count) {
    const double at = (static_cast<double>(pixel) + 0.5) / static_cast<double>(cell) - 0.5;
    const auto low = static_cast<std::int64_t>(std::floor(at));
    const auto inside = [&](std::int64_t i) {
        return static_cast<std::size_t>(std::clamp<std::int64_t>(i, 0, count - 1));
    };
    return {inside(low), inside(low + 1), static_cast<float>(at - static_cast<double>(low))};
}

/// All parts at one row of pixels, cell by cell.
std::vector<float> parts_of_row(const Planes &parts, const EdgeGrid &grid, std::int64_t y) {
    const Between rows = between(y, grid.cell, grid.rows);
    const auto columns = static_cast<std::size_t>(grid.columns);
    std::vector<float> out(static_cast<std::size_t>(kParts) * columns);
    for (int part = 0; part < kParts; ++part) {
        const auto values = parts.channel(part);
        for (std::size_t x = 0; x < columns; ++x) {
            const float above = values[rows.first * columns + x], below = values[rows.second * columns + x];
            out[x * kParts + static_cast<std::size_t>(part)] = above + rows.share * (below - above);
        }
    }
    return out;
}

/// One row of pixels: the function of the guide, and what of the picture is smaller than a cell.
void apply(const Planes &guide, const std::vector<float> &row, const std::vector<Between> &columns,
           std::int64_t y, float share, Planes &picture) {
    const std::int64_t width = picture.width();
    const std::array shown{guide.channel(0), guide.channel(1), guide.channel(2)};
    const std::array own{picture.channel(0), picture.channel(1), picture.channel(2)};
    for (std::int64_t x = 0; x < width; ++x) {
        const Between &place = columns[static_cast<std::size_t>(x)];
        std::array<float, kParts> part{};
        for (std::size_t i = 0; i < kParts; ++i) {
            const float left = row[place.first * kParts + i], right = row[place.second * kParts + i];
            part[i] = left + place.share * (right - left);
        }
        const auto at = static_cast<std::size_t>(y * width + x);
        for (std::size_t c = 0; c < own.size(); ++c) {
            float linear = part[kOffset + c];
            for (std::size_t i = 0; i < shown.size(); ++i) linear += part[i * kColors + c] * shown[i][at];
            float &value = own[c][at];
            value = std::clamp(value + share * (linear - part[kMeans + c]), 0.0F, 1.0F);
        }
    }
}

} // namespace

EdgeGrid edge_grid(std::int64_t stride, std::int64_t width, std::int64_t height) {
    std::int64_t cell = std::max<std::int64_t>(1, stride / 2);
    while (width % cell != 0 || height % cell != 0) --cell;
    return {cell, height / cell, width / cell};
}

std::uint64_t bytes_of_edges(const EdgeGrid &grid) {
    constexpr std::uint64_t kPlanes = kSums + kParts + 2; // what is visible of cells, and weights
    return kPlanes * sizeof(float) * static_cast<std::uint64_t>(grid.rows * grid.columns);
}

void hold_to_edges(const Host &host, const Planes &guide, const std::vector<float> &visible,
                   const EdgeGrid &grid, double share, Planes &picture) {
    const Planes parts = fit(host, guide, visible, grid, picture);
    std::vector<Between> columns;
    for (std::int64_t x = 0; x < picture.width(); ++x) columns.push_back(between(x, grid.cell, grid.columns));
    host.parallel_for(static_cast<std::uint64_t>(picture.height()), [&](std::uint64_t row) {
        const auto y = static_cast<std::int64_t>(row);
        apply(guide, parts_of_row(parts, grid, y), columns, y, static_cast<float>(share), picture);
    });
}

} // namespace stylizer
