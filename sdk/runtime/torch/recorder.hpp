// What records work on a GPU, in a module that links LibTorch's part for CUDA.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

namespace mirra::runtime {

/// Work that was put on a GPU, to be done again.
class RecordedWork {
  public:
    virtual ~RecordedWork() = default;
    /// On the calling thread's current stream, in the memory that it was recorded with. @throws c10::Error
    virtual void replay() = 0;
    /// Of the GPU's memory that it holds.
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

/// Thread-safe.
class WorkRecorder {
  public:
    virtual ~WorkRecorder() = default;
    /// Records what `work` puts on a GPU; nothing is computed. What fails leaves the thread's streams as they
    /// were. @throws c10::Error, and what `work` throws
    virtual std::unique_ptr<RecordedWork> record(int gpu, const std::function<void()> &work) = 0;
};

/// The module exports this function; its name carries the version of the classes.
#define MIRRA_WORK_RECORDER_FUNCTION mirra_work_recorder_v1
#define MIRRA_WORK_RECORDER_TEXT(name) #name
#define MIRRA_WORK_RECORDER_NAME(name) MIRRA_WORK_RECORDER_TEXT(name)
#define MIRRA_WORK_RECORDER_SYMBOL MIRRA_WORK_RECORDER_NAME(MIRRA_WORK_RECORDER_FUNCTION)
using WorkRecorderSource = WorkRecorder *();

/// From the file that MIRRA_CUDA_GRAPHS names ("off": none), or from libmirra_runtime_torch_graphs.so in the
/// first of the folders that has it; null where there is none that can be used. LibTorch's part for CUDA is
/// loaded.
WorkRecorder *find_work_recorder(std::span<const std::filesystem::path> folders);

} // namespace mirra::runtime
