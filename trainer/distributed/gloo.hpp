// The engine of processors: Gloo.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace mirra::trainer {

/// Connects to the other processes. It also averages tensors of a GPU, through the processor's memory, once
/// LibTorch's CUDA library is loaded.
c10::intrusive_ptr<c10d::Backend> gloo_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout);

} // namespace mirra::trainer
