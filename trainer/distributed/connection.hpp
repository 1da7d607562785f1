// How the processes that were started together find each other, and through what they exchange tensors.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>

namespace mirra::trainer {

struct Meeting {
    std::string name;   ///< the same in all processes that met, another each time
    bool first = false; ///< nobody met in this store before
};

/// An elastic launcher keeps its store when it starts the processes anew, and its agents count their
/// restarts one by one, so that no variable names the start that a process belongs to.
/// @throws std::runtime_error when not all processes have come within the timeout
Meeting meet(c10d::Store &store, int rank, int size, std::chrono::milliseconds timeout);

/// The engine of processors. Connects to the other processes. It also averages tensors of a GPU, through the
/// processor's memory, once LibTorch's CUDA library is loaded.
c10::intrusive_ptr<c10d::Backend> gloo_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout);

/// The entry of the NCCL module, NcclEntry, by name.
constexpr const char *kNcclEntry = "mirra_train_nccl";
using NcclEntry = void(const c10::intrusive_ptr<c10d::Store> &store, int rank, int size,
                       std::chrono::milliseconds timeout, c10::intrusive_ptr<c10d::Backend> &out);

/// The engine of GPUs: NCCL, in a module of its own, because it is the one part that links LibTorch's CUDA
/// library. Null when this build has no such module, or it cannot be loaded (`reason` says why). LibTorch's
/// CUDA library must be loaded: see select_device().
c10::intrusive_ptr<c10d::Backend> nccl_backend(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                               int size, std::chrono::milliseconds timeout,
                                               std::string &reason);

} // namespace mirra::trainer
