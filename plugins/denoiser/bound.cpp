// What a denoiser takes, bounded by what noise explains.
#include "bound.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace denoiser {
namespace {

/// The mean square of noise over a cell scatters by a tenth of itself, more where channels share it.
constexpr float kMargin = 1.3F;
constexpr float kDeviations = 4;

constexpr std::size_t kChannels = Channels::kCount, kCell = kBoundCell;
/// Rows of a band: some cells.
constexpr std::int64_t kBandRows = 4 * kBoundCell;

/// Rounded down, below zero as well.
std::int64_t whole_steps(std::int64_t at, std::int64_t step) {
    return at >= 0 ? at / step : -((step - 1 - at) / step);
}

/// The next multiple.
std::int64_t next_of(std::int64_t at, std::int64_t step) {
    return (whole_steps(at, step) + 1) * step;
}

/// One cell or part of a cell, in planes of which the rows are equally long.
struct Cell {
    const float *before;
    float *after;
    std::size_t before_plane, after_plane, row_step;
    std::size_t rows, columns;
    [[nodiscard]] std::size_t before_at(std::size_t plane, std::size_t row) const {
        return plane * before_plane + row * row_step;
    }
    [[nodiscard]] std::size_t after_at(std::size_t plane, std::size_t row) const {
        return plane * after_plane + row * row_step;
    }
};

/// Sums over the channels of some pixels.
struct Sums {
    float value = 0, square = 0, change = 0, most = 0;
    float channel_mean_square = 0; ///< of each channel's mean, added up
};

/// For each column of a cell: all of them are added to at once.
using Columns = std::array<float, kCell>;

float sum_of(const Columns &columns) {
    return std::accumulate(columns.begin(), columns.end(), 0.0F);
}

Sums sums_of(const Cell &cell) {
    Sums all;
    Columns square{}, change{}, most{};
    const auto count = static_cast<float>(cell.rows * cell.columns);
    for (std::size_t plane = 0; plane < kChannels; ++plane) {
        Columns value{};
        for (std::size_t row = 0; row < cell.rows; ++row) {
            const float *const before = cell.before + cell.before_at(plane, row);
            const float *const after = cell.after + cell.after_at(plane, row);
            const auto add = [&](std::size_t i) {
                const float difference = before[i] - after[i];
                value[i] += before[i];
                square[i] += before[i] * before[i];
                change[i] += difference * difference;
                most[i] = std::max(most[i], std::abs(difference));
            };
            if (cell.columns == kCell)
                for (std::size_t i = 0; i < kCell; ++i) add(i); // of a length that compilers know
            else
                for (std::size_t i = 0; i < cell.columns; ++i) add(i);
        }
        const float sum = sum_of(value);
        all.value += sum;
        all.channel_mean_square += sum * sum / count;
    }
    all.square = sum_of(square);
    all.change = sum_of(change);
    all.most = *std::ranges::max_element(most);
    return all;
}

/// Between the middles of the parts of the range.
float explained_at(const Explained &explained, float brightness) {
    const auto parts = static_cast<float>(explained.size());
    const float at = std::clamp(brightness * parts - 0.5F, 0.0F, parts - 1);
    const auto below = std::min(static_cast<std::size_t>(at), explained.size() - 2);
    const float way = at - static_cast<float>(below);
    return (1 - way) * static_cast<float>(explained[below]) + way * static_cast<float>(explained[below + 1]);
}

void bound_cell(const Cell &cell, const Explained &explained) {
    const Sums sums = sums_of(cell);
    const auto count = static_cast<float>(cell.rows * cell.columns * kChannels);
    const float noise = explained_at(explained, sums.value / count);
    const float own = std::max(0.0F, sums.square - sums.channel_mean_square) / count;
    const float allowed = kMargin * std::min(noise, own), taken = sums.change / count;
    const float most = kDeviations * std::sqrt(noise);
    if (taken <= allowed && sums.most <= most) return;
    const float share = taken > allowed ? std::sqrt(allowed / taken) : 1;
    for (std::size_t plane = 0; plane < kChannels; ++plane)
        for (std::size_t row = 0; row < cell.rows; ++row) {
            const float *const before = cell.before + cell.before_at(plane, row);
            float *const after = cell.after + cell.after_at(plane, row);
            for (std::size_t i = 0; i < cell.columns; ++i)
                after[i] = before[i] + std::clamp(share * (after[i] - before[i]), -most, most);
        }
}

/// Some rows of a tile into planes.
void copy_rows(const Channels &from, std::int64_t first, std::int64_t rows, std::int64_t columns, float *to,
               std::int64_t plane) {
    for (std::int64_t y = 0; y < rows; ++y)
        for (std::int64_t c = 0; c < Channels::kCount; ++c) {
            const float *const row = from.at(c, first + y);
            float *const out = to + c * plane + y * columns;
            if (from.column == 1)
                std::copy_n(row, columns, out);
            else
                for (std::int64_t x = 0; x < columns; ++x) out[x] = row[x * from.column];
        }
}

/// The rows of one row of cells, from `first` to before `end` in the image.
void bound_rows(const Change &change, const Explained &explained, std::int64_t first, std::int64_t end,
                float *result) {
    const Extent &extent = change.extent;
    const std::int64_t plane = kBoundCell * extent.width;
    std::vector<float> before(kChannels * static_cast<std::size_t>(plane));
    copy_rows(change.before, first - change.top, end - first, extent.width, before.data(), plane);
    const std::int64_t right = change.left + extent.inside_width;
    for (std::int64_t x = std::max<std::int64_t>(change.left, 0), beside = 0; x < right; x = beside) {
        beside = std::min(next_of(x, kBoundCell), right);
        const std::int64_t column = x - change.left;
        bound_cell({before.data() + column, result + (first - change.top) * extent.width + column,
                    static_cast<std::size_t>(plane), static_cast<std::size_t>(extent.height * extent.width),
                    static_cast<std::size_t>(extent.width), static_cast<std::size_t>(end - first),
                    static_cast<std::size_t>(beside - x)},
                   explained);
    }
}

} // namespace

std::int64_t bands_of(const Change &change) {
    const std::int64_t end = change.top + change.extent.height;
    return whole_steps(end - 1, kBandRows) - whole_steps(change.top, kBandRows) + 1;
}

void bound_band(const Change &change, const Explained &explained, std::int64_t band, float *result) {
    const Extent &extent = change.extent;
    const std::int64_t begin = (whole_steps(change.top, kBandRows) + band) * kBandRows;
    const std::int64_t top = std::max(begin, change.top),
                       end = std::min(begin + kBandRows, change.top + extent.height);
    copy_rows(change.after, top - change.top, end - top, extent.width,
              result + (top - change.top) * extent.width, extent.height * extent.width);
    const std::int64_t inside_end = std::min(end, change.top + extent.inside_height);
    for (std::int64_t y = std::max<std::int64_t>(top, 0), below = 0; y < inside_end; y = below) {
        below = std::min(next_of(y, kBoundCell), inside_end);
        bound_rows(change, explained, y, below, result);
    }
}

} // namespace denoiser
