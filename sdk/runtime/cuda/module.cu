// The kernels and their launches, behind the C interface of kernels.h.
#include "runtime/cuda/arguments.hpp"
#include "runtime/cuda/launch.cuh"

namespace mirra::cuda {
namespace {

const char *error_text(int32_t error) {
    const char *const own = own_error_text(error);
    return own != nullptr ? own : cudaGetErrorString(static_cast<cudaError_t>(error));
}

int32_t allocate(void **memory, size_t bytes) {
    return cudaMalloc(memory, bytes);
}

int32_t release(void *memory) {
    return cudaFree(memory);
}

int32_t allocate_pinned(void **memory, size_t bytes) {
    return cudaHostAlloc(memory, bytes, cudaHostAllocDefault);
}

int32_t release_pinned(void *memory) {
    return cudaFreeHost(memory);
}

int32_t to_device(void *to, const void *from, size_t bytes, void *stream) {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, as_stream(stream));
}

int32_t to_processor(void *to, const void *from, size_t bytes, void *stream) {
    return cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, as_stream(stream));
}

int32_t wait(void *stream) {
    return cudaStreamSynchronize(as_stream(stream));
}

int32_t create_stream(void **stream) {
    return cudaStreamCreateWithFlags(reinterpret_cast<cudaStream_t *>(stream), cudaStreamNonBlocking);
}

int32_t destroy_stream(void *stream) {
    return cudaStreamDestroy(as_stream(stream));
}

cudaEvent_t as_event(void *fence) {
    return static_cast<cudaEvent_t>(fence);
}

int32_t create_fence(void **fence) {
    return cudaEventCreateWithFlags(reinterpret_cast<cudaEvent_t *>(fence), cudaEventDisableTiming);
}

int32_t destroy_fence(void *fence) {
    return cudaEventDestroy(as_event(fence));
}

int32_t mark_fence(void *fence, void *stream) {
    return cudaEventRecord(as_event(fence), as_stream(stream));
}

int32_t wait_on_stream(void *stream, void *fence) {
    return cudaStreamWaitEvent(as_stream(stream), as_event(fence), 0);
}

int32_t wait_for_fence(void *fence) {
    return cudaEventSynchronize(as_event(fence));
}

constexpr int32_t kArchitectures[] = {__CUDA_ARCH_LIST__};

const mirra_cuda_kernels kTable{
    .struct_size = sizeof(mirra_cuda_kernels),
    .cuda = CUDART_VERSION,
    // Every driver of a major version runs what was built with any toolkit of it.
    .driver = CUDART_VERSION / 1000 * 1000,
    .architectures = kArchitectures,
    .architecture_count = sizeof(kArchitectures) / sizeof(int32_t),
    .intermediate = MIRRA_CUDA_INTERMEDIATE,
    .error_text = error_text,
    .allocate = allocate,
    .release = release,
    .allocate_pinned = allocate_pinned,
    .release_pinned = release_pinned,
    .to_device = to_device,
    .to_processor = to_processor,
    .wait = wait,
    .create_stream = create_stream,
    .destroy_stream = destroy_stream,
    .create_fence = create_fence,
    .destroy_fence = destroy_fence,
    .mark_fence = mark_fence,
    .wait_on_stream = wait_on_stream,
    .wait_for_fence = wait_for_fence,
    .gather_tile = gather_tile,
    .scatter_tile = scatter_tile,
    .haar_analysis = haar_analysis,
    .haar_synthesis = haar_synthesis,
    .moments_workspace = moments_workspace,
    .add_moments = add_moments,
    .apply_transform = apply_transform,
};

} // namespace
} // namespace mirra::cuda

const mirra_cuda_kernels *mirra_cuda_kernels_v2(void) {
    return &mirra::cuda::kTable;
}
