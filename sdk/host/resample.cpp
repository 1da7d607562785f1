// Separable resampling with a triangle filter, row by row.
#include "resample.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mirra::host {
namespace {

/// Which samples of an axis make one, and how much of each.
struct Taps {
    std::int64_t first = 0;
    std::vector<float> weights;
    [[nodiscard]] std::int64_t end() const { return first + static_cast<std::int64_t>(weights.size()); }
};

/// @param from, to  extents of the axis before and after
/// @param at        coordinate after; beyond the edges it stands for the edge
Taps taps_of(std::int64_t from, std::int64_t to, std::int64_t at) {
    const double scale = static_cast<double>(from) / static_cast<double>(to);
    const double reach = std::max(1.0, scale);
    const double centre = (static_cast<double>(std::clamp<std::int64_t>(at, 0, to - 1)) + 0.5) * scale - 0.5;
    Taps taps;
    double sum = 0;
    std::vector<double> weights;
    const auto low = static_cast<std::int64_t>(std::ceil(centre - reach)),
               high = static_cast<std::int64_t>(std::floor(centre + reach));
    for (std::int64_t i = std::max<std::int64_t>(0, low); i <= std::min(high, from - 1); ++i) {
        const double weight = 1 - std::abs(static_cast<double>(i) - centre) / reach;
        if (weight <= 0) continue;
        if (weights.empty()) taps.first = i;
        weights.push_back(weight);
        sum += weight;
    }
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
    return taps;
}

std::vector<Taps> taps_of_axis(std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t count) {
    std::vector<Taps> axis;
    for (std::int64_t i = 0; i < count; ++i) axis.push_back(taps_of(from, to, begin + i));
    return axis;
}

/// A row of `channels` interleaved values, as wide as the result.
/// @param from  the source's row from sample `begin` on
void resample_row(std::span<const float> from, std::int64_t begin, int channels,
                  const std::vector<Taps> &columns, std::span<float> line) {
    std::ranges::fill(line, 0.0F);
    for (std::size_t x = 0; x < columns.size(); ++x)
        for (std::size_t k = 0; k < columns[x].weights.size(); ++k)
            for (int c = 0; c < channels; ++c)
                line[x * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)] +=
                    columns[x].weights[k] *
                    from[static_cast<std::size_t>(
                        (columns[x].first + static_cast<std::int64_t>(k) - begin) * channels + c)];
}

/// Adds the source's row y to the rows of the result that it is part of.
void add_row(std::span<const float> line, std::int64_t y, const std::vector<Taps> &rows,
             std::span<float> out) {
    const auto first = std::ranges::partition_point(rows, [&](const Taps &taps) { return taps.end() <= y; });
    for (auto taps = first; taps != rows.end() && taps->first <= y; ++taps) {
        const float weight = taps->weights[static_cast<std::size_t>(y - taps->first)];
        const auto row =
            out.subspan(static_cast<std::size_t>(taps - rows.begin()) * line.size(), line.size());
        for (std::size_t i = 0; i < line.size(); ++i) row[i] += weight * line[i];
    }
}

runtime::Rect covered(const std::vector<Taps> &columns, std::int64_t row) {
    std::int64_t first = columns.front().first, end = columns.front().end();
    for (const Taps &taps : columns) {
        first = std::min(first, taps.first);
        end = std::max(end, taps.end());
    }
    return {first, row, end - first, 1};
}

/// @param load  (rectangle, out): pixels of the source
template<class Load>
void resample(const Size &from, const Size &to, const runtime::Rect &rect, int channels, std::span<float> out,
              const Load &load) {
    constexpr std::int64_t kRows = 16; // at a time: what is hidden is filled for many rows as for one
    const auto columns = taps_of_axis(from.width, to.width, rect.x, rect.width);
    const auto rows = taps_of_axis(from.height, to.height, rect.y, rect.height);
    runtime::Rect piece = covered(columns, 0);
    const auto row_size = static_cast<std::size_t>(piece.width * channels);
    const std::int64_t first = rows.front().first, end = rows.back().end();
    std::vector<float> loaded(row_size * static_cast<std::size_t>(std::min(kRows, end - first)));
    std::vector<float> line(static_cast<std::size_t>(rect.width * channels));
    std::ranges::fill(out, 0.0F);
    for (piece.y = first; piece.y < end; piece.y += piece.height) {
        piece.height = std::min(kRows, end - piece.y);
        load(piece, std::span(loaded).first(row_size * static_cast<std::size_t>(piece.height)));
        for (std::int64_t row = 0; row < piece.height; ++row) {
            const auto pixels = std::span(loaded).subspan(row_size * static_cast<std::size_t>(row), row_size);
            resample_row(pixels, piece.x, channels, columns, line);
            add_row(line, piece.y + row, rows, out);
        }
    }
}

} // namespace

void load_resampled(const SeenImage &source, std::int64_t width, std::int64_t height,
                    const runtime::Rect &rect, int channels, std::span<float> out) {
    resample({source.view.width, source.view.height}, {width, height}, rect, channels, out,
             [&](const runtime::Rect &piece, std::span<float> pixels) {
                 load_tile(source, piece, channels, pixels);
             });
}

void load_resampled_alpha(const image::ConstImageView &source, std::int64_t width, std::int64_t height,
                          const runtime::Rect &rect, std::span<float> out) {
    resample({source.width, source.height}, {width, height}, rect, 1, out,
             [&](const runtime::Rect &piece, std::span<float> pixels) {
                 std::ranges::copy(load_alpha(source, piece), pixels.begin());
             });
}

void resample_planes(std::span<const float> values, std::int64_t height, std::int64_t width,
                     std::int64_t new_height, std::int64_t new_width, std::span<float> out) {
    const auto rows = taps_of_axis(height, new_height, 0, new_height);
    const auto columns = taps_of_axis(width, new_width, 0, new_width);
    std::ranges::fill(out, 0.0F);
    const auto size = static_cast<std::size_t>(height * width),
               new_size = static_cast<std::size_t>(new_height * new_width);
    std::vector<float> line(columns.size());
    for (std::size_t i = 0; i < values.size() / size; ++i)
        for (std::int64_t y = rows.front().first; y < rows.back().end(); ++y) {
            const auto row = values.subspan(i * size + static_cast<std::size_t>(y * width),
                                            static_cast<std::size_t>(width));
            resample_row(row, 0, 1, columns, line);
            add_row(line, y, rows, out.subspan(i * new_size, new_size));
        }
}

} // namespace mirra::host
