// Pixels to and from a device by the kernels, in memory of LibTorch.
#include "runtime/torch/gpu_runtime.hpp"

#include "runtime/cuda/packed_samples.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tensor.hpp"

namespace mirra::runtime {
namespace {

void check(const mirra_cuda_kernels &kernels, std::int32_t error) {
    if (error != 0)
        throw Error(ErrorCode::device, std::string("the device failed: ") + kernels.error_text(error),
                    "device");
}

at::Tensor bytes_on(std::size_t count, const c10::Device &device) {
    return at::empty({static_cast<std::int64_t>(count)}, at::TensorOptions(at::kByte).device(device));
}

/// Of the processor; what a GPU copies from and to beside its work, if it is for one.
at::Tensor staging(std::size_t count, const c10::Device &device) {
    return at::empty({static_cast<std::int64_t>(count)},
                     at::TensorOptions(at::kByte).pinned_memory(device.is_cuda()));
}

std::byte *bytes_of(const at::Tensor &tensor) {
    return static_cast<std::byte *>(tensor.mutable_data_ptr());
}

/// LibTorch works on the default stream, which is that of the kernels as well: what it frees and takes again
/// is in their order.
constexpr void *kStream = nullptr;

class TorchGpuRuntime final : public GpuRuntime {
  public:
    std::shared_ptr<Arena> make_arena(const std::string & /*device*/, std::uint64_t limit) override {
        return make_device_arena(limit);
    }

    TensorPtr upload(const mirra_cuda_kernels &kernels, const mirra_cuda_image &image,
                     const mirra_cuda_tile &tile, const std::string &id) override {
        return guarded([&] {
            const c10::InferenceMode inference;
            const c10::Device device = find_device(id);
            const c10::DeviceGuard guard(device);
            const cuda::Seen part = cuda::seen_by(tile, image);
            const at::Tensor packed = staging(cuda::packed_bytes(image, part), device);
            cuda::pack(image, part, bytes_of(packed));
            const at::Tensor samples = packed.to(device, /*non_blocking=*/true);
            const at::Tensor values =
                at::empty({1, tile.channels, tile.height, tile.width},
                          at::TensorOptions(at::kFloat).device(device), at::MemoryFormat::ChannelsLast);
            const mirra_cuda_image there = cuda::packed_image(image, part, bytes_of(samples));
            mirra_cuda_tile moved = tile;
            moved.values = values.mutable_data_ptr();
            moved.type = MIRRA_CUDA_FLOAT;
            moved.x -= part.x;
            moved.y -= part.y;
            const mirra_cuda_gathering gathering{MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
            check(kernels, kernels.gather_tile(&there, &moved, &gathering, kStream));
            return wrap(values);
        });
    }

    void download(const mirra_cuda_kernels &kernels, const DeviceTensor &tensor, const mirra_cuda_tile &tile,
                  const mirra_cuda_image &image) override {
        guarded([&] {
            const c10::InferenceMode inference;
            const at::Tensor values =
                unwrap(tensor).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
            const c10::Device device = values.device();
            const c10::DeviceGuard guard(device);
            const cuda::Seen all{0, 0, image.width, image.height};
            const std::size_t bytes = cuda::packed_bytes(image, all);
            const at::Tensor samples = bytes_on(bytes, device), packed = staging(bytes, device);
            const mirra_cuda_image there = cuda::packed_image(image, all, bytes_of(samples));
            mirra_cuda_tile given = tile;
            given.values = values.mutable_data_ptr();
            given.type = MIRRA_CUDA_FLOAT;
            const mirra_cuda_core core{0, 0, image.width, image.height};
            check(kernels, kernels.scatter_tile(&given, &core, nullptr, &there, kStream));
            packed.copy_(samples);
            cuda::unpack(bytes_of(packed), image, all);
            return 0;
        });
    }
};

} // namespace

GpuRuntime &torch_gpu_runtime() {
    static TorchGpuRuntime transfer;
    return transfer;
}

} // namespace mirra::runtime
