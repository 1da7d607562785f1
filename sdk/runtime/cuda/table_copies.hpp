// Tiles and pictures of a run on their way, by the kernels' table: all but where tensors come from.
#pragma once

#include "runtime/cuda/caller_pixels.hpp"
#include "runtime/cuda/gpu_runtime.hpp"
#include "runtime/cuda/table_device.hpp"

#include <mutex>
#include <optional>

namespace mirra::cuda {

/// Tensors of a device, fp32.
class TensorMemory {
  public:
    virtual ~TensorMemory() = default;
    struct Made {
        runtime::TensorPtr tensor;
        float *values; ///< channels last
    };
    virtual Made make(const graph::Shape &shape) = 0;
    /// A tensor's values, channels last, on the device.
    virtual std::shared_ptr<float> values_of(const runtime::DeviceTensor &tensor) = 0;
};

/// Work goes to the calling thread's current device.
class TableCopies final : public runtime::TileCopies {
  public:
    /// @param kernels, tensors  must outlive it
    /// @param device_memory     where memory of the device comes from
    TableCopies(const mirra_cuda_kernels &kernels, std::function<Memory(std::size_t)> device_memory,
                TensorMemory &tensors, const runtime::Ready &ready);

    void send(const mirra_cuda_image &image, const mirra_cuda_tile &tile) override;
    runtime::TensorPtr receive() override;
    void fetch(const runtime::DeviceTensor &tensor, const mirra_cuda_tile &tile,
               const mirra_cuda_image &image) override;
    void finish() override;
    runtime::TensorPtr gather(const mirra_cuda_image &image, const mirra_cuda_tile &tile) override;
    void scatter(const runtime::DeviceTensor &tensor, const mirra_cuda_tile &tile,
                 const mirra_cuda_image *source, const mirra_cuda_image &image) override;

  private:
    TensorMemory &tensors_;
    TableDevice device_;
    TileTransfer transfer_;
    CallerPixels callers_;
    std::optional<TileTransfer::Upload> sent_;
    std::optional<TileTransfer::Download> fetched_;
};

/// Likewise.
class TablePictureCopies final : public runtime::PictureCopies {
  public:
    TablePictureCopies(const mirra_cuda_kernels &kernels, const runtime::Ready &ready);

    void read(const mirra_cuda_image &there, const mirra_cuda_image &here) override;
    void write(const mirra_cuda_image &here, const mirra_cuda_image &there) override;

  private:
    std::mutex mutex_;
    TableDevice device_;
    CallerPixels callers_;
};

} // namespace mirra::cuda
