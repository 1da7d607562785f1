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

void blend_components(const Channels &before, const Channels &after, const Extent &extent,
                      const Shares &shares, const std::vector<float> &left_out, std::int64_t first,
                      std::int64_t end, float *result) {
    const auto luminance = static_cast<float>(shares.luminance),
               chrominance = static_cast<float>(shares.chrominance);
    constexpr float kWeights[] = {kRed, kGreen, kBlue};
    for (std::int64_t y = first; y < end; ++y)
        for (std::int64_t x = 0; x < extent.width; ++x) {
            float old[Channels::kCount], change[Channels::kCount], luma = 0;
            for (std::int64_t c = 0; c < Channels::kCount; ++c) {
                old[c] = before.at(c, y)[x * before.column];
                change[c] = after.at(c, y)[x * after.column] - old[c];
                luma += kWeights[c] * change[c];
            }
            const auto at = y * extent.width + x;
            const float kept = left_out.empty() ? 0 : left_out[static_cast<std::size_t>(at)];
            const float share = luminance * (1 - kept);
            for (std::int64_t c = 0; c < Channels::kCount; ++c)
                result[c * extent.height * extent.width + at] =
                    old[c] + share * luma + chrominance * (change[c] - luma);
        }
}

} // namespace denoiser
