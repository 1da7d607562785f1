// What LibTorch does for a GPU beside running networks: memory that is counted, and tensors for tiles on
// their way.
#include "runtime/torch/gpu_runtime.hpp"

#include "runtime/cuda/table_copies.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tensor.hpp"

namespace mirra::runtime {
namespace {

/// Of LibTorch, so that it is counted, and found again by the next run.
cuda::Memory memory_on(const c10::Device &device, std::size_t bytes) {
    const auto kept = std::make_shared<at::Tensor>(
        at::empty({static_cast<std::int64_t>(bytes)}, at::TensorOptions(at::kByte).device(device)));
    return {kept, kept->mutable_data_ptr()};
}

class TorchTensors final : public cuda::TensorMemory {
  public:
    explicit TorchTensors(const c10::Device &device) : device_(device) {}

    Made make(const graph::Shape &shape) override {
        at::Tensor values =
            at::empty(shape, at::TensorOptions(at::kFloat).device(device_), at::MemoryFormat::ChannelsLast);
        auto *const first = values.mutable_data_ptr<float>();
        return {wrap(std::move(values)), first};
    }
    std::shared_ptr<float> values_of(const DeviceTensor &tensor) override {
        const auto kept = std::make_shared<at::Tensor>(
            unwrap(tensor).to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast));
        return {kept, kept->mutable_data_ptr<float>()};
    }

  private:
    const c10::Device device_;
};

/// Calls `body` with the device as the thread's current one.
template<class Body> auto on_device(const c10::Device &device, const Body &body) {
    return guarded([&] {
        const c10::InferenceMode inference;
        const c10::DeviceGuard guard(device);
        return body();
    });
}

class TorchTileCopies final : public TileCopies {
  public:
    TorchTileCopies(const mirra_cuda_kernels &kernels, const c10::Device &device, const Ready &ready)
        : device_(device)
        , tensors_(device)
        , copies_(
              kernels, [device](std::size_t bytes) { return memory_on(device, bytes); }, tensors_, ready) {}

    void send(const mirra_cuda_image &image, const mirra_cuda_tile &tile) override {
        in_order([&] { copies_.send(image, tile); });
    }
    TensorPtr receive() override {
        return on_device(device_, [&] { return copies_.receive(); });
    }
    void fetch(const DeviceTensor &tensor, const mirra_cuda_tile &tile,
               const mirra_cuda_image &image) override {
        in_order([&] { copies_.fetch(tensor, tile, image); });
    }
    void finish() override {
        in_order([&] { copies_.finish(); });
    }
    TensorPtr gather(const mirra_cuda_image &image, const mirra_cuda_tile &tile) override {
        return on_device(device_, [&] { return copies_.gather(image, tile); });
    }
    void scatter(const DeviceTensor &tensor, const mirra_cuda_tile &tile, const mirra_cuda_image *source,
                 const mirra_cuda_image &image) override {
        in_order([&] { copies_.scatter(tensor, tile, source, image); });
    }

  private:
    template<class Body> void in_order(const Body &body) {
        on_device(device_, [&] { return body(), 0; });
    }

    const c10::Device device_;
    TorchTensors tensors_;
    cuda::TableCopies copies_;
};

class TorchPictureCopies final : public PictureCopies {
  public:
    TorchPictureCopies(const mirra_cuda_kernels &kernels, const c10::Device &device, const Ready &ready)
        : device_(device)
        , copies_(kernels, ready) {}

    void read(const mirra_cuda_image &there, const mirra_cuda_image &here) override {
        on_device(device_, [&] { return copies_.read(there, here), 0; });
    }
    void write(const mirra_cuda_image &here, const mirra_cuda_image &there) override {
        on_device(device_, [&] { return copies_.write(here, there), 0; });
    }

  private:
    const c10::Device device_;
    cuda::TablePictureCopies copies_;
};

class TorchGpuRuntime final : public GpuRuntime {
  public:
    std::shared_ptr<Arena> make_arena(const std::string & /*device*/, std::uint64_t limit,
                                      const Note &note) override {
        return make_device_arena(limit, note);
    }

    std::unique_ptr<TileCopies> make_copies(const mirra_cuda_kernels &kernels, const std::string &device,
                                            const Ready &ready) override {
        return made_on<TileCopies>(device, [&](const c10::Device &found) {
            return std::make_unique<TorchTileCopies>(kernels, found, ready);
        });
    }

    std::unique_ptr<PictureCopies> make_picture_copies(const mirra_cuda_kernels &kernels,
                                                       const std::string &device,
                                                       const Ready &ready) override {
        return made_on<PictureCopies>(device, [&](const c10::Device &found) {
            return std::make_unique<TorchPictureCopies>(kernels, found, ready);
        });
    }

    std::shared_ptr<const cuda::Fence> mark(const mirra_cuda_kernels &kernels, const std::string &device,
                                            void *stream) override {
        return guarded([&] {
            const c10::DeviceGuard guard(find_device(device));
            return cuda::mark_stream(kernels, stream);
        });
    }

  private:
    template<class Copies, class Make>
    static std::unique_ptr<Copies> made_on(const std::string &device, const Make &make) {
        return guarded([&]() -> std::unique_ptr<Copies> {
            const c10::Device found = find_device(device);
            const c10::DeviceGuard guard(found);
            return make(found);
        });
    }
};

} // namespace

GpuRuntime &torch_gpu_runtime() {
    static TorchGpuRuntime runtime;
    return runtime;
}

} // namespace mirra::runtime
