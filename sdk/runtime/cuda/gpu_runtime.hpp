// What the runtime module over LibTorch does for a GPU beside running networks: memory that is counted, and
// tiles between a picture in the processor's memory and the device. The picture's own samples are copied; the
// kernels convert them on the device.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/cuda/kernels.h"

namespace mirra::runtime {

/// Of the runtime module over LibTorch. Thread-safe.
class GpuRuntime {
  public:
    virtual ~GpuRuntime() = default;
    /// As Module::make_arena(), of a device's memory: entered by Module::enter().
    /// @param limit  bytes of all that is allocated there, LibTorch's own workspaces included; 0: none
    virtual std::shared_ptr<Arena> make_arena(const std::string &device, std::uint64_t limit) = 0;
    /// A tile of a picture as a tensor, fp32; beyond the edges their pixels are replicated.
    /// @param image  in the processor's memory, of any alignment
    /// @param tile   its place, size and channels
    /// @throws Error device | out_of_memory
    virtual TensorPtr upload(const mirra_cuda_kernels &kernels, const mirra_cuda_image &image,
                             const mirra_cuda_tile &tile, const std::string &device) = 0;
    /// Writes what a tile has of a picture into that picture, which has no alpha.
    /// @param tile   the tensor's place in the picture; covers it
    /// @param image  in the processor's memory, of any alignment
    /// @throws Error device | out_of_memory
    virtual void download(const mirra_cuda_kernels &kernels, const DeviceTensor &tensor,
                          const mirra_cuda_tile &tile, const mirra_cuda_image &image) = 0;
};

/// The module exports it; its name carries the version of the class and of the kernels' table.
#define MIRRA_GPU_RUNTIME_SYMBOL "mirra_gpu_runtime_v1"
using GpuRuntimeSource = GpuRuntime *();

} // namespace mirra::runtime
