// Which part of a residual is structure.
#include "detail.hpp"

#include <algorithm>

namespace denoiser {
namespace {

/// Two means over 2 * 2 + 1 pixels of each axis make a window that falls off towards its ends.
constexpr std::int64_t kRadius = kDetailReach / 2;
/// The window's mean of squared noise scatters by sqrt(2 / 54) of itself, by a ninth where the channels'
/// noise differs.
constexpr float kAllowance = 1.25F;

std::vector<float> energy(const Channels &before, const Channels &after, const Extent &extent) {
    std::vector<float> sums(static_cast<std::size_t>(extent.inside_height * extent.inside_width));
    float *row = sums.data();
    for (std::int64_t y = 0; y < extent.inside_height; ++y, row += extent.inside_width)
        for (std::int64_t c = 0; c < Channels::kCount; ++c)
            for (std::int64_t x = 0; x < extent.inside_width; ++x) {
                const float change = before.at(c, y)[x * before.column] - after.at(c, y)[x * after.column];
                row[x] += change * change / Channels::kCount;
            }
    return sums;
}

/// Mean over the neighbours along an axis, as far as there are any.
/// @param lines, line_step  how many lines of values there are along it, and how far apart their first ones
/// are
/// @param length, step      how many values a line has, and how far apart they are
void average(std::vector<float> &values, std::int64_t lines, std::int64_t line_step, std::int64_t length,
             std::int64_t step) {
    std::vector<float> line(static_cast<std::size_t>(length));
    for (std::int64_t l = 0; l < lines; ++l) {
        float *const first = values.data() + l * line_step;
        for (std::int64_t i = 0; i < length; ++i) line[static_cast<std::size_t>(i)] = first[i * step];
        for (std::int64_t i = 0; i < length; ++i) {
            const auto from = std::max<std::int64_t>(i - kRadius, 0), to = std::min(i + kRadius + 1, length);
            float sum = 0;
            for (std::int64_t at = from; at < to; ++at) sum += line[static_cast<std::size_t>(at)];
            first[i * step] = sum / static_cast<float>(to - from);
        }
    }
}

} // namespace

std::vector<float> structure_shares(const Channels &before, const Channels &after, const Extent &extent,
                                    const std::vector<float> &sigma) {
    std::vector<float> values = energy(before, after, extent);
    for (int i = 0; i < 2; ++i) {
        average(values, extent.inside_height, extent.inside_width, extent.inside_width, 1);
        average(values, extent.inside_width, 1, extent.inside_height, extent.inside_width);
    }
    std::vector<float> shares(static_cast<std::size_t>(extent.height * extent.width));
    auto mean = values.begin();
    for (std::int64_t y = 0; y < extent.inside_height; ++y)
        for (std::int64_t x = 0; x < extent.inside_width; ++x, ++mean) {
            const auto at = static_cast<std::size_t>(y * extent.width + x);
            const float level = sigma[sigma.size() == 1 ? 0 : at], noise = kAllowance * level * level;
            shares[at] = *mean > noise ? 1 - noise / *mean : 0;
        }
    return shares;
}

} // namespace denoiser
