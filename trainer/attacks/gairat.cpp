// GAIRAT.
#include "attacks/gairat.hpp"

namespace mirra::trainer {

torch::Tensor gairat_weights(const torch::Tensor &steps_to_fool, int steps, double lambda) {
    constexpr double kSlope = 5;
    const auto kappa = steps_to_fool.to(at::kFloat);
    const auto weights = ((1 - kappa * (2.0 / steps)) * kSlope + lambda).tanh_().add_(1);
    // A batch whose every weight rounds to zero is weighted evenly.
    const auto mean = weights.mean();
    return torch::where(mean > 0, weights / mean, torch::ones_like(weights));
}

} // namespace mirra::trainer
