// Bounding the gradient of a step.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Scales the gradients down to a joint L2 norm of at most `largest` (0: no bound); returns the norm before.
/// @param step    the optimiser's, from 0, for the message
/// @param recipe  its name, for the message
/// @throws Error internal for a norm that is not finite: before it reaches the weights and the checkpoint
double clip_gradients(const std::vector<torch::Tensor> &parameters, double largest, std::int64_t step,
                      const std::string &recipe);

} // namespace mirra::trainer
