// Runs of compiled networks that a GPU has recorded.
#include "runtime/torch/graph_runs.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/DeviceGuard.h>

#include <filesystem>
#include <utility>

#include <dlfcn.h>

namespace mirra::runtime {
namespace {

/// Of a GPU's memory, what recordings may hold.
constexpr std::uint64_t kShareOfMemory = 8;

class TorchRecording final : public cuda::Recording {
  public:
    [[nodiscard]] std::uint64_t bytes() const override {
        std::uint64_t bytes = work->bytes();
        for (const at::Tensor &each : inputs) bytes += each.nbytes();
        return bytes;
    }
    Tensors inputs, outputs; ///< where the work has them
    std::unique_ptr<RecordedWork> work;
};

class TorchGraphRun final : public cuda::GraphRun {
  public:
    TorchGraphRun(GpuRecordings &recordings, const NetworkRun &run) : recordings_(recordings), run_(run) {}

    void launch() override {
        guarded([&] { return outputs_ = run_.launch(), 0; });
    }

    std::shared_ptr<cuda::Recording> record() override {
        const UncountedMemory uncounted; // it is counted as a whole, in each run that uses it
        auto made = std::make_shared<TorchRecording>();
        try {
            for (const at::Tensor &each : run_.inputs) made->inputs.push_back(at::empty_like(each));
            made->work = recordings_.recorder.record(recordings_.device.index(),
                                                     [&] { made->outputs = run_.compute(made->inputs); });
        } catch (const c10::Error &error) {
            check_that_device_lives();
            const std::string text = error.what_without_backtrace();
            throw Error(ErrorCode::unsupported, text.substr(0, text.find('\n')));
        }
        return made;
    }

    void replay(cuda::Recording &recording) override {
        run_.look();
        auto &own = static_cast<TorchRecording &>(recording);
        guarded([&] {
            for (std::size_t i = 0; i < own.inputs.size(); ++i) own.inputs[i].copy_(run_.inputs[i], true);
            own.work->replay();
            Tensors copies; // the next replay writes over what the recording has
            for (const at::Tensor &each : own.outputs) copies.push_back(each.clone());
            outputs_ = std::move(copies);
            return 0;
        });
    }

    bool take(std::uint64_t holder, std::uint64_t bytes) override {
        return take_device_memory(holder, bytes);
    }
    [[nodiscard]] std::uint64_t room() const override { return room_for_device_memory(); }
    [[nodiscard]] std::uint64_t free_bytes() const override { return recordings_.free_bytes(); }
    [[nodiscard]] std::uint64_t expected_bytes() const override { return run_.expected_bytes(); }
    void note(const std::string &text) override { note_of_run(text); }

    [[nodiscard]] Tensors take_outputs() { return std::move(outputs_); }

  private:
    /// What a capture forbids is told by the same errors as what a lost device gives.
    void check_that_device_lives() const {
        if (!recordings_.device.is_cuda()) return;
        guarded([&] { return torch::cuda::synchronize(recordings_.device.index()), 0; });
    }

    GpuRecordings &recordings_;
    const NetworkRun &run_;
    Tensors outputs_;
};

std::pair<std::uint64_t, std::uint64_t> memory_of(const c10::Device &device) {
    const c10::DeviceGuard guard(device);
    return c10::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
}

/// Where the runtime module lies, as a list.
std::vector<std::filesystem::path> folder_of_this() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<const void *>(&folder_of_this), &info) == 0) return {};
    return {std::filesystem::path(info.dli_fname).parent_path()};
}

} // namespace

GpuRecordings::GpuRecordings(WorkRecorder &work, const c10::Device &gpu, std::uint64_t most_bytes,
                             std::function<std::uint64_t()> free)
    : recorder(work)
    , device(gpu)
    , free_bytes(std::move(free))
    , cache({.bytes = most_bytes}) {}

std::shared_ptr<GpuRecordings> AllRecordings::of(const c10::Device &device) {
    if (!device.is_cuda()) return nullptr;
    const std::lock_guard lock(mutex_);
    if (!recorder_) recorder_ = find_work_recorder(folder_of_this());
    if (*recorder_ == nullptr) return nullptr;
    auto &made = made_[device.index()];
    if (made == nullptr)
        made = std::make_shared<GpuRecordings>(**recorder_, device, memory_of(device).second / kShareOfMemory,
                                               [device] { return memory_of(device).first; });
    return made;
}

Tensors run_recorded(GpuRecordings &recordings, const NetworkRun &run) {
    TorchGraphRun one(recordings, run);
    recordings.cache.run(run.key, one);
    return one.take_outputs();
}

} // namespace mirra::runtime
