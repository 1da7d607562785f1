// Choosing the device of a training run.
#pragma once

#include "distributed/environment.hpp"
#include "runtime/torch/libtorch.hpp"

#include <string>

namespace mirra::trainer {

/// "cpu", "cuda" or "cuda:N"; LibTorch's CUDA library is loaded only for the latter two, and convolutions
/// there give the same bits in every run.
/// @throws Error device with the reason | invalid_argument
torch::Device select_device(const std::string &name);

/// For one of several processes: a plain "cuda" is the GPU of the process's place on its computer.
torch::Device select_device(const std::string &name, const ProcessEnvironment &environment);

/// Whether the device computes in bf16 in hardware.
bool has_bf16(const torch::Device &device);

/// Whether it takes less time in bf16 than in fp32; not all that have it do.
bool is_faster_in_bf16(const torch::Device &device);

} // namespace mirra::trainer
