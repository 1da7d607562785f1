// A device by the kernels' table: its two streams, fences and memory.
#pragma once

#include "runtime/cuda/kernels.h"
#include "runtime/cuda/tile_transfer.hpp"

namespace mirra::cuda {

/// Calls go to the calling thread's current device. Kernels are on the default stream.
class TableDevice final : public CopyDevice {
  public:
    /// @param device_memory  where memory of the device comes from
    TableDevice(const mirra_cuda_kernels &kernels, std::function<Memory(std::size_t)> device_memory);
    TableDevice(const TableDevice &) = delete;
    TableDevice &operator=(const TableDevice &) = delete;
    ~TableDevice() override;

    Memory allocate(Place place, std::size_t bytes) override;
    void to_device(void *to, const void *from, std::size_t bytes) override;
    void to_processor(void *to, const void *from, std::size_t bytes) override;
    FencePtr mark(Stream stream) override;
    void wait(Stream stream, const FencePtr &fence) override;
    void finish(const FencePtr &fence) override;

    /// Puts the kernel on the stream of kernels that takes a tile out of a picture; edges are replicated.
    /// @param values  of the tile, floats; both on the device
    void gather(const mirra_cuda_image &image, mirra_cuda_tile tile, float *values) const;
    /// The same for the kernel that writes a rectangle of a picture.
    /// @param source  as in mirra_cuda_kernels.scatter_tile
    void scatter(mirra_cuda_tile tile, float *values, const mirra_cuda_core &core,
                 const mirra_cuda_image *source, const mirra_cuda_image &image) const;

    /// @throws Error device | out_of_memory, for an error of the table's
    void check(std::int32_t error) const;

  private:
    [[nodiscard]] void *stream_of(Stream stream) const;

    const mirra_cuda_kernels &kernels_;
    const std::function<Memory(std::size_t)> device_memory_;
    void *copies_ = nullptr;
};

/// What a stream of the calling thread's current device has, whosever it is. @throws Error device
FencePtr mark_stream(const mirra_cuda_kernels &kernels, void *stream);

} // namespace mirra::cuda
