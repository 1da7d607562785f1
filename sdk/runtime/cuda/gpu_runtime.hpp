// What the runtime module over LibTorch does for a GPU beside running networks: memory that is counted, and
// tiles between a picture in the processor's memory and the device. The picture's own samples are copied; the
// kernels convert them on the device.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/cuda/kernels.h"

namespace mirra::runtime {

/// Tiles of a run on their way, for one of its threads: copies go on beside the device's work. One tile at a
/// time is sent, and one is fetched. @throws Error device | out_of_memory
class TileCopies {
  public:
    virtual ~TileCopies() = default;
    /// Begins to copy what a tile reads of a picture, which may change as soon as this has returned.
    /// @param image  in the processor's memory, of any alignment
    /// @param tile   its place, size and channels
    virtual void send(const mirra_cuda_image &image, const mirra_cuda_tile &tile) = 0;
    /// The tile that was sent as a tensor, fp32; beyond the edges their pixels are replicated.
    virtual TensorPtr receive() = 0;
    /// Begins to copy what a tile has of a picture, which has no alpha.
    /// @param tile   the tensor's place in the picture; covers it
    /// @param image  in the processor's memory, of any alignment; written by finish()
    virtual void fetch(const DeviceTensor &tensor, const mirra_cuda_tile &tile,
                       const mirra_cuda_image &image) = 0;
    /// Waits for what is fetched, and writes it.
    virtual void finish() = 0;
};

/// Of the runtime module over LibTorch. Thread-safe.
class GpuRuntime {
  public:
    virtual ~GpuRuntime() = default;
    /// As Module::make_arena(), of a device's memory: entered by Module::enter().
    /// @param limit  bytes of all that is allocated there, LibTorch's own workspaces included; 0: none
    virtual std::shared_ptr<Arena> make_arena(const std::string &device, std::uint64_t limit) = 0;
    /// Memory of the device comes from the calling thread's arena.
    /// @param kernels  must outlive it
    virtual std::unique_ptr<TileCopies> make_copies(const mirra_cuda_kernels &kernels,
                                                    const std::string &device) = 0;
};

/// The module exports it; its name carries the version of the class and of the kernels' table.
#define MIRRA_GPU_RUNTIME_SYMBOL "mirra_gpu_runtime_v2"
using GpuRuntimeSource = GpuRuntime *();

} // namespace mirra::runtime
