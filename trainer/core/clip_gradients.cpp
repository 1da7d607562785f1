// Clipping.
#include "core/clip_gradients.hpp"

#include "mirra/error.hpp"

#include <torch/nn/utils/clip_grad.h>

#include <cmath>

namespace mirra::trainer {

double clip_gradients(const std::vector<torch::Tensor> &parameters, double largest, std::int64_t step,
                      const std::string &recipe) {
    constexpr double kNoLimit = 1e30;
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, largest > 0 ? largest : kNoLimit);
    if (!std::isfinite(norm))
        throw Error(ErrorCode::internal, "the gradient is not finite at step " + std::to_string(step + 1),
                    recipe, "lower the learning rate or set clip_norm in the recipe");
    return norm;
}

} // namespace mirra::trainer
