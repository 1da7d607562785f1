// libmirra_runtime_torch_graphs.so: CUDA graphs by LibTorch. The one object of the SDK that links LibTorch's
// part for CUDA; it is loaded after that, where a GPU is used.
#include "runtime/torch/recorder.hpp"

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>

namespace mirra::runtime {
namespace {

class CudaGraph final : public RecordedWork {
  public:
    explicit CudaGraph(c10::DeviceIndex gpu) : gpu_(gpu) {}
    CudaGraph(const CudaGraph &) = delete;
    CudaGraph &operator=(const CudaGraph &) = delete;
    /// The GPU may still be at the last replay, and other streams get the memory next.
    ~CudaGraph() override {
        try {
            const c10::cuda::CUDAGuard guard(gpu_);
            c10::cuda::getCurrentCUDAStream(gpu_).synchronize();
            graph_.reset();
        } catch (...) { // a device that failed does nothing any more
            bytes_ = 0;
        }
    }

    /// Other threads may use the GPU meanwhile: what they do is none of the capture's.
    void record(const std::function<void()> &work) {
        graph_.capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
        try {
            work();
        } catch (...) {
            end_quietly();
            throw;
        }
        try {
            graph_.capture_end();
        } catch (...) {
            give_up_pool();
            throw;
        }
        for (const auto &segment : c10::cuda::CUDACachingAllocator::snapshot(pool_).segments)
            bytes_ += segment.total_size;
    }
    void replay() override { graph_.replay(); }
    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

  private:
    /// Of a capture that failed: the first error is the one that counts.
    void end_quietly() noexcept {
        try {
            graph_.capture_end();
        } catch (...) {
            give_up_pool();
        }
    }

    /// A capture that was invalidated does not end: the allocator would ask it for each block from then on.
    void give_up_pool() noexcept {
        namespace allocator = c10::cuda::CUDACachingAllocator;
        static_cast<void>(cudaGetLastError());
        for (const auto give_up : {allocator::endAllocateToPool, allocator::releasePool}) {
            try {
                give_up(gpu_, pool_);
            } catch (...) { // that much of it had ended
                continue;
            }
        }
    }

    const c10::DeviceIndex gpu_;
    const at::cuda::MempoolId_t pool_ = at::cuda::graph_pool_handle();
    at::cuda::CUDAGraph graph_;
    std::uint64_t bytes_ = 0;
};

class CudaRecorder final : public WorkRecorder {
  public:
    std::unique_ptr<RecordedWork> record(int gpu, const std::function<void()> &work) override {
        const auto index = static_cast<c10::DeviceIndex>(gpu);
        const c10::cuda::CUDAGuard guard(index);
        auto made = std::make_unique<CudaGraph>(index);
        // The default stream cannot be captured.
        const c10::cuda::CUDAStream before = c10::cuda::getCurrentCUDAStream(index),
                                    capturing = c10::cuda::getStreamFromPool(false, index);
        c10::cuda::CUDAEvent event;
        event.record(before);
        event.block(capturing);
        const c10::cuda::CUDAStreamGuard on_stream(capturing);
        made->record(work);
        return made;
    }
};

} // namespace
} // namespace mirra::runtime

extern "C" __attribute__((visibility("default"))) mirra::runtime::WorkRecorder *
MIRRA_WORK_RECORDER_FUNCTION() {
    static mirra::runtime::CudaRecorder recorder;
    return &recorder;
}
