// What a denoiser takes, bounded by what noise explains.
#include "bound.hpp"

#include <algorithm>
#include <cmath>

namespace denoiser {
namespace {

/// The mean square of noise over a cell scatters by a tenth of itself, more where channels share it.
constexpr float kMargin = 1.3F;
constexpr float kDeviations = 4;

/// Sums over the channels of some pixels.
struct Sums {
    float value = 0, square = 0, change = 0, most = 0;
    float channel_mean_square = 0; ///< of each channel's mean, added up
};

/// Some rows of one cell or part of a cell.
struct Part {
    std::size_t first; ///< pixel of a plane
    std::size_t rows, columns, row_step;
};

template<class Visit> void for_pixels(const Part &part, std::size_t plane, const Visit &visit) {
    for (std::size_t row = 0; row < part.rows; ++row) {
        const std::size_t at = plane + part.first + row * part.row_step;
        for (std::size_t i = at; i < at + part.columns; ++i) visit(i);
    }
}

Sums sums_of(const float *before, const float *after, std::size_t area, std::size_t size, const Part &part) {
    Sums all;
    const auto count = static_cast<float>(part.rows * part.columns);
    for (std::size_t plane = 0; plane < size; plane += area) {
        float value = 0, square = 0, change = 0, most = 0;
        for_pixels(part, plane, [&](std::size_t i) {
            const float difference = before[i] - after[i];
            value += before[i];
            square += before[i] * before[i];
            change += difference * difference;
            most = std::max(most, std::abs(difference));
        });
        all.value += value;
        all.square += square;
        all.change += change;
        all.most = std::max(all.most, most);
        all.channel_mean_square += value * value / count;
    }
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

bool bound_cell(const std::vector<float> &before, std::vector<float> &after, std::size_t area,
                const Part &part, const Explained &explained) {
    const Sums sums = sums_of(before.data(), after.data(), area, before.size(), part);
    const auto count = static_cast<float>(part.rows * part.columns * (before.size() / area));
    const float noise = explained_at(explained, sums.value / count);
    const float own = std::max(0.0F, sums.square - sums.channel_mean_square) / count;
    const float allowed = kMargin * std::min(noise, own), taken = sums.change / count;
    const float most = kDeviations * std::sqrt(noise);
    if (taken <= allowed && sums.most <= most) return false;
    const float share = taken > allowed ? std::sqrt(allowed / taken) : 1;
    for (std::size_t plane = 0; plane < before.size(); plane += area)
        for_pixels(part, plane, [&](std::size_t i) {
            after[i] = before[i] + std::clamp(share * (after[i] - before[i]), -most, most);
        });
    return true;
}

/// Where the next cell of the image begins.
std::int64_t next_cell(std::int64_t at) {
    return (at / kBoundCell + 1) * kBoundCell;
}

} // namespace

bool bound_change(const std::vector<float> &before, std::vector<float> &after, const Extent &extent,
                  std::int64_t left, std::int64_t top, const Explained &explained) {
    const auto area = static_cast<std::size_t>(extent.height * extent.width);
    bool changed = false;
    const std::int64_t first_x = std::max<std::int64_t>(left, 0), end_x = left + extent.inside_width,
                       end_y = top + extent.inside_height;
    for (std::int64_t y = std::max<std::int64_t>(top, 0), below = 0; y < end_y; y = below) {
        below = std::min(next_cell(y), end_y);
        for (std::int64_t x = first_x, beside = 0; x < end_x; x = beside) {
            beside = std::min(next_cell(x), end_x);
            const Part part{static_cast<std::size_t>((y - top) * extent.width + x - left),
                            static_cast<std::size_t>(below - y), static_cast<std::size_t>(beside - x),
                            static_cast<std::size_t>(extent.width)};
            changed = bound_cell(before, after, area, part, explained) || changed;
        }
    }
    return changed;
}

} // namespace denoiser
