// Runs of compiled networks that a GPU has recorded.
#pragma once

#include "runtime/cuda/graph_cache.hpp"
#include "runtime/torch/recorder.hpp"

#include <ATen/core/TensorBody.h>
#include <c10/core/Device.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace mirra::runtime {

/// The recordings of one GPU. Thread-safe.
struct GpuRecordings {
    /// @param free_bytes  of the GPU's memory, now
    GpuRecordings(WorkRecorder &work, const c10::Device &gpu, std::uint64_t most_bytes,
                  std::function<std::uint64_t()> free);

    WorkRecorder &recorder;
    const c10::Device device;
    const std::function<std::uint64_t()> free_bytes;
    cuda::GraphCache cache;
};

/// Of all GPUs. Thread-safe.
class AllRecordings {
  public:
    /// Null: nothing can be recorded there.
    [[nodiscard]] std::shared_ptr<GpuRecordings> of(const c10::Device &device);

  private:
    std::mutex mutex_;
    std::optional<WorkRecorder *> recorder_; ///< nothing: not looked for yet
    std::map<int, std::shared_ptr<GpuRecordings>> made_;
};

using Tensors = std::vector<at::Tensor>;

/// One run of a compiled network.
struct NetworkRun {
    cuda::GraphCache::Key key;
    const Tensors &inputs;
    std::function<Tensors()> launch;                       ///< telling of each step
    std::function<Tensors(const Tensors &inputs)> compute; ///< without looking at anything else
    std::function<std::uint64_t()> expected_bytes;         ///< of its tensors
    std::function<void()> look;                            ///< before a replay: may it go on?
};
/// Its outputs, by a replay where there is a recording. By who is in inference mode. @throws Error
Tensors run_recorded(GpuRecordings &recordings, const NetworkRun &run);

} // namespace mirra::runtime
