// Gradient descent over pixels.
#include "eval/representation_inversion.hpp"

#include "core/random.hpp"

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-10;

torch::Tensor norms(const torch::Tensor &x) {
    return x.flatten(1).norm(2, 1);
}

torch::Tensor start(const torch::Tensor &wanted, std::int64_t extent, std::uint64_t seed) {
    constexpr double kGray = 0.5, kNoise = 0.05;
    auto generator = at::detail::createCPUGenerator(mix(seed));
    const auto noise = torch::randn({wanted.size(0), 3, extent, extent}, generator);
    return (kGray + kNoise * noise)
        .clamp(0, 1)
        .to(wanted.device())
        .contiguous(at::MemoryFormat::ChannelsLast);
}

} // namespace

InvertedPictures invert_by_optimisation(Comparator &network, const torch::Tensor &wanted, std::int64_t extent,
                                        const RepresentationInversion &options) {
    constexpr double kPaperExtent = 224, kLastStep = 0.1;
    const double longest = options.step * static_cast<double>(extent) / kPaperExtent;
    InvertedPictures out{start(wanted, extent, options.seed), {}};
    const auto scale = norms(wanted) + kStabiliser;
    for (int i = 0; i < options.iterations; ++i) {
        auto pictures = out.pictures.detach().requires_grad_(true);
        const auto distances = norms(network.features(pictures) - wanted) / scale;
        const auto gradient = torch::autograd::grad({distances.sum()}, {pictures}).front();
        out.distances.push_back(distances.mean().item<double>());
        const double progress = static_cast<double>(i) / options.iterations;
        const double length = longest * (1 - (1 - kLastStep) * progress);
        const auto direction = gradient / (norms(gradient) + kStabiliser).view({-1, 1, 1, 1});
        out.pictures = (out.pictures - length * direction).clamp(0, 1);
    }
    return out;
}

} // namespace mirra::trainer
