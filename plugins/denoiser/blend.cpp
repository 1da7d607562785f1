// Shares of the denoised picture, of luminance and chrominance apart.
#include "blend.hpp"

namespace denoiser {
namespace {

constexpr float kRed = 0.299F, kGreen = 0.587F, kBlue = 0.114F;

} // namespace

Tensor blend(const Host &host, const mirra_tensor *before, const Tensor &after, double share) {
    const Tensor old_part = host.scaled(before, 1 - share), new_part = host.scaled(after.get(), share);
    return host.binary(MIRRA_BINARY_ADD, old_part.get(), new_part.get());
}

void blend_components(const std::vector<float> &before, std::vector<float> &after, const Shares &shares,
                      const std::vector<float> &left_out) {
    const auto luminance = static_cast<float>(shares.luminance),
               chrominance = static_cast<float>(shares.chrominance);
    const std::size_t area = after.size() / 3;
    for (std::size_t i = 0; i < area; ++i) {
        const auto change = [&](std::size_t channel) {
            return after[channel * area + i] - before[channel * area + i];
        };
        const float luma = kRed * change(0) + kGreen * change(1) + kBlue * change(2);
        const float share = left_out.empty() ? luminance : luminance * (1 - left_out[i]);
        for (std::size_t at = i; at < after.size(); at += area)
            after[at] = before[at] + share * luma + chrominance * (after[at] - before[at] - luma);
    }
}

} // namespace denoiser
