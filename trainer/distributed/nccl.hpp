// The engine of GPUs: NCCL, in a module of its own, because it is the one part that links LibTorch's CUDA
// library.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace mirra::trainer {

/// The module's entry, NcclEntry, by name.
constexpr const char *kNcclEntry = "mirra_train_nccl";
using NcclEntry = void(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                       std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend> &out);

/// Null when this build has no such module, or it cannot be loaded (`reason` says why).
/// LibTorch's CUDA library must be loaded: see select_device().
c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout,
                                               std::string &reason);

} // namespace mirra::trainer
