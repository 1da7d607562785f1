// What LibTorch does for a GPU beside running networks: memory that is counted, and tiles on their way.
#include "runtime/torch/gpu_runtime.hpp"

#include "runtime/cuda/table_device.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tensor.hpp"

#include <optional>

namespace mirra::runtime {
namespace {

/// Of LibTorch, so that it is counted, and found again by the next run.
cuda::Memory memory_on(const c10::Device &device, std::size_t bytes) {
    const auto kept = std::make_shared<at::Tensor>(
        at::empty({static_cast<std::int64_t>(bytes)}, at::TensorOptions(at::kByte).device(device)));
    return {kept, kept->mutable_data_ptr()};
}

/// LibTorch works on the default stream, which is that of the kernels as well: what it frees and takes again
/// is in their order.
constexpr void *kStream = nullptr;

class TorchTileCopies final : public TileCopies {
  public:
    TorchTileCopies(const mirra_cuda_kernels &kernels, const c10::Device &device)
        : kernels_(kernels)
        , device_(device)
        , table_(kernels, [device](std::size_t bytes) { return memory_on(device, bytes); })
        , transfer_(table_) {}

    void send(const mirra_cuda_image &image, const mirra_cuda_tile &tile) override {
        in_order([&] { sent_ = transfer_.begin_upload(image, tile); });
    }

    TensorPtr receive() override {
        at::Tensor values;
        in_order([&] {
            const cuda::TileTransfer::Upload upload = sent_.value();
            sent_.reset();
            const mirra_cuda_tile &shape = upload.tile;
            values = at::empty({1, shape.channels, shape.height, shape.width},
                               at::TensorOptions(at::kFloat).device(device_), at::MemoryFormat::ChannelsLast);
            transfer_.finish_upload(upload, [&](const mirra_cuda_image &image, mirra_cuda_tile tile) {
                tile.values = values.mutable_data_ptr();
                tile.type = MIRRA_CUDA_FLOAT;
                const mirra_cuda_gathering gathering{MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
                table_.check(kernels_.gather_tile(&image, &tile, &gathering, kStream));
            });
        });
        return wrap(std::move(values));
    }

    void fetch(const DeviceTensor &tensor, const mirra_cuda_tile &tile,
               const mirra_cuda_image &image) override {
        in_order([&] {
            const at::Tensor values =
                unwrap(tensor).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
            fetched_ = transfer_.begin_download(image, [&](const mirra_cuda_image &there) {
                mirra_cuda_tile given = tile;
                given.values = values.mutable_data_ptr();
                given.type = MIRRA_CUDA_FLOAT;
                const mirra_cuda_core core{0, 0, image.width, image.height};
                table_.check(kernels_.scatter_tile(&given, &core, nullptr, &there, kStream));
            });
        });
    }

    void finish() override {
        if (!fetched_) return;
        in_order([&] {
            transfer_.finish_download(*fetched_);
            fetched_.reset();
        });
    }

  private:
    template<class Body> void in_order(const Body &body) {
        guarded([&] {
            const c10::InferenceMode inference;
            const c10::DeviceGuard guard(device_);
            body();
            return 0;
        });
    }

    const mirra_cuda_kernels &kernels_;
    const c10::Device device_;
    cuda::TableDevice table_;
    cuda::TileTransfer transfer_;
    std::optional<cuda::TileTransfer::Upload> sent_;
    std::optional<cuda::TileTransfer::Download> fetched_;
};

class TorchGpuRuntime final : public GpuRuntime {
  public:
    std::shared_ptr<Arena> make_arena(const std::string & /*device*/, std::uint64_t limit) override {
        return make_device_arena(limit);
    }

    std::unique_ptr<TileCopies> make_copies(const mirra_cuda_kernels &kernels,
                                            const std::string &device) override {
        return guarded([&]() -> std::unique_ptr<TileCopies> {
            const c10::Device found = find_device(device);
            const c10::DeviceGuard guard(found);
            return std::make_unique<TorchTileCopies>(kernels, found);
        });
    }
};

} // namespace

GpuRuntime &torch_gpu_runtime() {
    static TorchGpuRuntime runtime;
    return runtime;
}

} // namespace mirra::runtime
