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

    /// @throws Error device | out_of_memory, for an error of the table's
    void check(std::int32_t error) const;

  private:
    [[nodiscard]] void *stream_of(Stream stream) const {
        return stream == Stream::kernels ? nullptr : copies_;
    }

    const mirra_cuda_kernels &kernels_;
    const std::function<Memory(std::size_t)> device_memory_;
    void *copies_ = nullptr;
};

} // namespace mirra::cuda
