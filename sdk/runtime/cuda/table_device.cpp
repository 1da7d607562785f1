// A device by the kernels' table.
#include "runtime/cuda/table_device.hpp"

#include "mirra/error.hpp"

#include <string>
#include <utility>

namespace mirra::cuda {
namespace {

class TableFence final : public Fence {
  public:
    TableFence(const mirra_cuda_kernels &kernels, void *fence) : kernels_(kernels), fence_(fence) {}
    TableFence(const TableFence &) = delete;
    TableFence &operator=(const TableFence &) = delete;
    ~TableFence() override { kernels_.destroy_fence(fence_); }
    [[nodiscard]] void *get() const { return fence_; }

  private:
    const mirra_cuda_kernels &kernels_;
    void *const fence_;
};

void *handle_of(const FencePtr &fence) {
    return static_cast<const TableFence &>(*fence).get();
}

void check_error(const mirra_cuda_kernels &kernels, std::int32_t error) {
    constexpr std::int32_t kOutOfMemory = 2; // cudaErrorMemoryAllocation
    if (error == 0) return;
    if (error == kOutOfMemory)
        throw Error(ErrorCode::out_of_memory, "the device is out of memory", "device", "set a memory limit");
    throw Error(ErrorCode::device, std::string("the device failed: ") + kernels.error_text(error), "device");
}

/// LibTorch works on the default stream, which is that of the kernels as well: what it frees and takes again
/// is in their order.
constexpr void *kKernels = nullptr;

} // namespace

TableDevice::TableDevice(const mirra_cuda_kernels &kernels, std::function<Memory(std::size_t)> device_memory)
    : kernels_(kernels)
    , device_memory_(std::move(device_memory)) {
    check(kernels_.create_stream(&copies_));
}

TableDevice::~TableDevice() {
    kernels_.destroy_stream(copies_);
}

Memory TableDevice::allocate(Place place, std::size_t bytes) {
    if (place == Place::device) return device_memory_(bytes);
    void *memory = nullptr;
    check(kernels_.allocate_pinned(&memory, bytes));
    return {memory, [&kernels = kernels_](void *given) { kernels.release_pinned(given); }};
}

void TableDevice::to_device(void *to, const void *from, std::size_t bytes) {
    check(kernels_.to_device(to, from, bytes, copies_));
}

void TableDevice::to_processor(void *to, const void *from, std::size_t bytes) {
    check(kernels_.to_processor(to, from, bytes, copies_));
}

FencePtr TableDevice::mark(Stream stream) {
    return mark_stream(kernels_, stream_of(stream));
}

void TableDevice::wait(Stream stream, const FencePtr &fence) {
    check(kernels_.wait_on_stream(stream_of(stream), handle_of(fence)));
}

void TableDevice::finish(const FencePtr &fence) {
    check(kernels_.wait_for_fence(handle_of(fence)));
}

void TableDevice::gather(const mirra_cuda_image &image, mirra_cuda_tile tile, float *values) const {
    tile.values = values;
    tile.type = MIRRA_CUDA_FLOAT;
    const mirra_cuda_gathering gathering{MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
    check(kernels_.gather_tile(&image, &tile, &gathering, kKernels));
}

void TableDevice::scatter(mirra_cuda_tile tile, float *values, const mirra_cuda_core &core,
                          const mirra_cuda_image *source, const mirra_cuda_image &image) const {
    tile.values = values;
    tile.type = MIRRA_CUDA_FLOAT;
    check(kernels_.scatter_tile(&tile, &core, source, &image, kKernels));
}

void *TableDevice::stream_of(Stream stream) const {
    return stream == Stream::kernels ? kKernels : copies_;
}

void TableDevice::check(std::int32_t error) const {
    check_error(kernels_, error);
}

FencePtr mark_stream(const mirra_cuda_kernels &kernels, void *stream) {
    void *handle = nullptr;
    check_error(kernels, kernels.create_fence(&handle));
    auto fence = std::make_shared<const TableFence>(kernels, handle);
    check_error(kernels, kernels.mark_fence(handle, stream));
    return fence;
}

} // namespace mirra::cuda
