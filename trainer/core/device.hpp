// The device of a training run, and reduced precision on it.
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

/// Whether a recipe's training.precision is bf16 there: "auto" where it is faster.
bool is_bf16(const std::string &precision, const torch::Device &device);

/// A tensor of the processor there, by way of pinned memory, so that nobody waits for the copy; itself on the
/// processor.
torch::Tensor sent(const torch::Tensor &tensor, const torch::Device &device);

/// bf16 arithmetic in convolutions and linear layers while alive; master weights stay fp32. One thread.
class Autocast {
  public:
    Autocast(c10::DeviceType device, bool enabled);
    Autocast(const Autocast &) = delete;
    Autocast &operator=(const Autocast &) = delete;
    ~Autocast();

  private:
    c10::DeviceType device_;
};

} // namespace mirra::trainer
