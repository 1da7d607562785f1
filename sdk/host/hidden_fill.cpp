// What the hidden pixels of a picture are taken for.
#include "hidden_fill.hpp"

#include "pixels.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

using Cells = HiddenFill::Cells;

constexpr int kLevels = 4; // halvings from pixels to the cells that are kept
constexpr std::int64_t kCell = std::int64_t{1} << kLevels;
constexpr std::int64_t kBlock = 256;              // pixels of each axis that are looked at in one go
constexpr std::uint64_t kWorkingBytes = 4U << 20; // for a block, its surroundings and all of its cells
/// Premultiplied alpha below one of these parts leaves of a colour of 8 bits nothing but its rounding.
constexpr float kLeastParts = 128;

/// How much a pixel's own colour counts for itself.
float own_share(float alpha, bool premultiplied) {
    if (!(alpha > 0)) return 0;
    return premultiplied ? std::min(1.0F, alpha * kLeastParts) : 1;
}

bool is_premultiplied(const image::ConstImageView &view) {
    return view.alpha == image::AlphaMode::premultiplied;
}

std::int64_t halved(std::int64_t extent) {
    return (extent + 1) / 2;
}

Cells make_cells(const runtime::Rect &rect, int channels) {
    const auto count = static_cast<std::size_t>(rect.width * rect.height);
    return {rect, std::vector<float>(count * static_cast<std::size_t>(channels)), std::vector<float>(count)};
}

std::size_t index_of(const Cells &cells, std::int64_t x, std::int64_t y) {
    return static_cast<std::size_t>((y - cells.rect.y) * cells.rect.width + x - cells.rect.x);
}

/// Cells of twice the size. @param fine  begins at even places
Cells pull(const Cells &fine, int channels) {
    const runtime::Rect &from = fine.rect;
    Cells out = make_cells({from.x / 2, from.y / 2, halved(from.width), halved(from.height)}, channels);
    const auto step = static_cast<std::size_t>(channels);
    for (std::int64_t y = from.y; y < from.y + from.height; ++y)
        for (std::int64_t x = from.x; x < from.x + from.width; ++x) {
            const std::size_t at = index_of(fine, x, y), to = index_of(out, x / 2, y / 2);
            const float weight = fine.weights[at];
            out.weights[to] += weight;
            for (std::size_t c = 0; c < step; ++c)
                out.colors[to * step + c] += weight * fine.colors[at * step + c];
        }
    for (std::size_t i = 0; i < out.weights.size(); ++i) {
        if (out.weights[i] > 0)
            for (std::size_t c = 0; c < step; ++c) out.colors[i * step + c] /= out.weights[i];
        out.weights[i] = std::min(out.weights[i], 1.0F);
    }
    return out;
}

/// Between the four cells around; those at the ends of what there is go on.
void interpolate(const Cells &coarse, std::int64_t x, std::int64_t y, std::size_t channels, float *out) {
    const runtime::Rect &rect = coarse.rect;
    const auto clamped = [&](std::int64_t column, std::int64_t row) {
        return index_of(coarse, std::clamp(column, rect.x, rect.x + rect.width - 1),
                        std::clamp(row, rect.y, rect.y + rect.height - 1)) *
               channels;
    };
    const std::int64_t column = x / 2, row = y / 2;
    const std::int64_t beside = x % 2 == 0 ? column - 1 : column + 1, below = y % 2 == 0 ? row - 1 : row + 1;
    const std::size_t a = clamped(column, row), b = clamped(beside, row), c = clamped(column, below),
                      d = clamped(beside, below);
    for (std::size_t i = 0; i < channels; ++i)
        out[i] = (9 * coarse.colors[a + i] + 3 * coarse.colors[b + i] + 3 * coarse.colors[c + i] +
                  coarse.colors[d + i]) /
                 16;
}

/// Gives cells that are not wholly visible what the larger ones say. @param coarse  filled
void push(const Cells &coarse, Cells &fine, int channels) {
    const auto step = static_cast<std::size_t>(channels);
    std::vector<float> other(step);
    for (std::int64_t y = fine.rect.y; y < fine.rect.y + fine.rect.height; ++y)
        for (std::int64_t x = fine.rect.x; x < fine.rect.x + fine.rect.width; ++x) {
            const std::size_t at = index_of(fine, x, y);
            const float weight = fine.weights[at];
            if (weight >= 1) continue;
            interpolate(coarse, x, y, step, other.data());
            for (std::size_t c = 0; c < step; ++c) {
                float &color = fine.colors[at * step + c];
                color = weight * color + (1 - weight) * other[c];
            }
        }
}

/// A pixel's colour for a tile of other channels.
void store(const float *color, int from, int to, float *out) {
    if (from == to) {
        std::copy_n(color, from, out);
    } else if (to == 1) {
        *out = (color[0] + color[1] + color[2]) / 3;
    } else {
        std::fill_n(out, to, color[0]);
    }
}

} // namespace

bool hides_colors(const image::ConstImageView &view, float alpha) {
    return own_share(alpha, is_premultiplied(view)) < 1;
}

std::uint64_t HiddenFill::bytes(const image::ConstImageView &view) {
    const auto cells = [](std::int32_t extent) {
        return (static_cast<std::uint64_t>(extent) + kCell - 1) / kCell;
    };
    // Those of all larger sizes together are as many again at most.
    return kWorkingBytes + 2 * cells(view.width) * cells(view.height) * sizeof(float) *
                               (static_cast<std::uint64_t>(view.color_channels()) + 1);
}

HiddenFill::HiddenFill(const image::ConstImageView &view, double sigma)
    : view_(view)
    , channels_(view.color_channels())
    , sigma_(sigma)
    , base_(make_cells({0, 0, (view.width + kCell - 1) / kCell, (view.height + kCell - 1) / kCell},
                       channels_)) {
    for (std::int64_t top = 0; top < view.height; top += kCell) add_strip(top);
    std::vector<Cells> larger;
    for (const Cells *cells = &base_; cells->rect.width > 1 || cells->rect.height > 1; cells = &larger.back())
        larger.push_back(pull(*cells, channels_));
    for (std::size_t i = larger.size(); i-- > 0;) push(larger[i], i == 0 ? base_ : larger[i - 1], channels_);
}

std::vector<Cells> HiddenFill::pulled(const runtime::Rect &pixels) const {
    std::vector<Cells> levels;
    levels.reserve(kLevels + 1);
    levels.push_back(make_cells(pixels, channels_));
    load_colors(view_, pixels, channels_, levels.front().colors);
    levels.front().weights = load_alpha(view_, pixels);
    for (float &weight : levels.front().weights) weight = std::clamp(weight, 0.0F, 1.0F);
    for (int i = 0; i < kLevels; ++i) levels.push_back(pull(levels.back(), channels_));
    return levels;
}

void HiddenFill::add_strip(std::int64_t top) {
    const std::int64_t height = std::min<std::int64_t>(kCell, view_.height - top);
    for (std::int64_t left = 0; left < view_.width; left += kBlock) {
        const std::int64_t width = std::min<std::int64_t>(kBlock, view_.width - left);
        const Cells cells = pulled({left, top, width, height}).back();
        const std::size_t to = index_of(base_, cells.rect.x, cells.rect.y);
        std::ranges::copy(cells.weights, base_.weights.begin() + static_cast<std::ptrdiff_t>(to));
        std::ranges::copy(cells.colors, base_.colors.begin() + static_cast<std::ptrdiff_t>(
                                                                   to * static_cast<std::size_t>(channels_)));
    }
}

void HiddenFill::apply(const runtime::Rect &rect, int channels, std::span<float> out) const {
    for (std::int64_t y = 0; y < rect.height; y += kBlock)
        for (std::int64_t x = 0; x < rect.width; x += kBlock)
            fill_block(
                rect,
                {rect.x + x, rect.y + y, std::min(kBlock, rect.width - x), std::min(kBlock, rect.height - y)},
                channels, out);
}

void HiddenFill::fill_block(const runtime::Rect &rect, const runtime::Rect &block, int channels,
                            std::span<float> out) const {
    const auto inside_x = [&](std::int64_t x) { return std::clamp<std::int64_t>(x, 0, view_.width - 1); };
    const auto inside_y = [&](std::int64_t y) { return std::clamp<std::int64_t>(y, 0, view_.height - 1); };
    const std::int64_t left = inside_x(block.x), top = inside_y(block.y),
                       right = inside_x(block.x + block.width - 1) + 1,
                       bottom = inside_y(block.y + block.height - 1) + 1;
    const bool premultiplied = is_premultiplied(view_);
    std::vector<float> shares = load_alpha(view_, {left, top, right - left, bottom - top});
    for (float &share : shares) share = own_share(share, premultiplied);
    if (std::ranges::all_of(shares, [](float share) { return share >= 1; })) return;
    // A cell more on each side: what interpolation reaches on the way down.
    const std::int64_t begin_x = std::max<std::int64_t>(left / kCell - 1, 0) * kCell,
                       begin_y = std::max<std::int64_t>(top / kCell - 1, 0) * kCell,
                       end_x = std::min<std::int64_t>(((right - 1) / kCell + 2) * kCell, view_.width),
                       end_y = std::min<std::int64_t>(((bottom - 1) / kCell + 2) * kCell, view_.height);
    std::vector<Cells> levels = pulled({begin_x, begin_y, end_x - begin_x, end_y - begin_y});
    for (std::size_t i = kLevels; i-- > 1;)
        push(i + 1 == kLevels ? base_ : levels[i + 1], levels[i], channels_);
    const Cells &finest = levels[1];
    std::vector<float> own(static_cast<std::size_t>(channels)), hidden(static_cast<std::size_t>(channels_));
    for (std::int64_t y = block.y; y < block.y + block.height; ++y)
        for (std::int64_t x = block.x; x < block.x + block.width; ++x) {
            const std::int64_t column = inside_x(x), row = inside_y(y);
            const float share =
                shares[static_cast<std::size_t>((row - top) * (right - left) + column - left)];
            if (share >= 1) continue;
            interpolate(finest, column, row, hidden.size(), hidden.data());
            image::add_gaussian_noise(hidden, sigma_, static_cast<std::uint64_t>(row * view_.width + column),
                                      false);
            store(hidden.data(), channels_, channels, own.data());
            float *to = out.data() + ((y - rect.y) * rect.width + x - rect.x) * channels;
            for (std::size_t c = 0; c < own.size(); ++c) to[c] = share * to[c] + (1 - share) * own[c];
        }
}

} // namespace mirra::host
