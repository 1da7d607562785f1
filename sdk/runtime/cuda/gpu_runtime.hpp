// What the runtime module over LibTorch does for a GPU beside running networks: memory that is counted, and
// tiles between a picture in the processor's memory and the device. The picture's own samples are copied; the
// kernels convert them on the device.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/cuda/kernels.h"

namespace mirra::cuda {
class Fence;
} // namespace mirra::cuda

namespace mirra::runtime {

/// What a caller's streams had when a run was asked for.
using Ready = std::vector<std::shared_ptr<const cuda::Fence>>;

/// Tiles of a run on their way, for one of its threads: copies go on beside the device's work. One tile at a
/// time is sent, and one is fetched. Pictures in the device's memory are used where they lie, and no longer
/// than this lives. @throws Error device | out_of_memory
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
    /// Waits for what is fetched, and writes it; and for what is scattered.
    virtual void finish() = 0;

    /// A tile as receive() gives it, of a picture in the device's memory.
    virtual TensorPtr gather(const mirra_cuda_image &image, const mirra_cuda_tile &tile) = 0;
    /// Begins to write a whole picture in the device's memory.
    /// @param tile    the tensor's place in the picture; covers it
    /// @param source  of the same size, whose alpha the picture gets; null: it is opaque
    virtual void scatter(const DeviceTensor &tensor, const mirra_cuda_tile &tile,
                         const mirra_cuda_image *source, const mirra_cuda_image &image) = 0;
};

/// Samples between the processor's memory and pictures in a device's. Thread-safe.
/// @throws Error device | out_of_memory
class PictureCopies {
  public:
    virtual ~PictureCopies() = default;
    /// Both pictures are of one size, channels and type.
    virtual void read(const mirra_cuda_image &there, const mirra_cuda_image &here) = 0;
    virtual void write(const mirra_cuda_image &here, const mirra_cuda_image &there) = 0;
};

using Note = std::function<void(const std::string &text)>;

/// Of the runtime module over LibTorch. Thread-safe.
class GpuRuntime {
  public:
    virtual ~GpuRuntime() = default;
    /// As Module::make_arena(), of a device's memory: entered by Module::enter().
    /// @param limit  bytes of all that is allocated there, LibTorch's own workspaces included; 0: none
    /// @param note   told what a person who looks for the reason of a run's time may want to know; may be
    /// empty
    virtual std::shared_ptr<Arena> make_arena(const std::string &device, std::uint64_t limit,
                                              const Note &note) = 0;
    /// Memory of the device comes from the calling thread's arena.
    /// @param kernels  must outlive it
    /// @param ready  of the caller's pictures in the device's memory
    virtual std::unique_ptr<TileCopies> make_copies(const mirra_cuda_kernels &kernels,
                                                    const std::string &device, const Ready &ready) = 0;
    virtual std::unique_ptr<PictureCopies>
    make_picture_copies(const mirra_cuda_kernels &kernels, const std::string &device, const Ready &ready) = 0;
    /// What a caller's stream on the device has by now.
    virtual std::shared_ptr<const cuda::Fence> mark(const mirra_cuda_kernels &kernels,
                                                    const std::string &device, void *stream) = 0;
};

/// The module exports this function; its name carries the version of the class and of the kernels' table.
#define MIRRA_GPU_RUNTIME_FUNCTION mirra_gpu_runtime_v3
#define MIRRA_GPU_RUNTIME_TEXT(name) #name
#define MIRRA_GPU_RUNTIME_NAME(name) MIRRA_GPU_RUNTIME_TEXT(name)
#define MIRRA_GPU_RUNTIME_SYMBOL MIRRA_GPU_RUNTIME_NAME(MIRRA_GPU_RUNTIME_FUNCTION)
using GpuRuntimeSource = GpuRuntime *();

} // namespace mirra::runtime
