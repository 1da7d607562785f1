// Choosing the device of a training run.
#pragma once

#include <torch/torch.h>

#include <string>

namespace mirra::trainer {

/// "cpu", "cuda" or "cuda:N"; LibTorch's CUDA library is loaded only for the latter two.
/// @throws Error device with the reason | invalid_argument
torch::Device select_device(const std::string &name);

} // namespace mirra::trainer
