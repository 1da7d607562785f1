// Records what a step computes, copies the inputs of each step to where it reads them, and replays it.
#include "core/recorded_step.hpp"

#include "core/data_files.hpp"
#include "log/log.hpp"
#include "runtime/torch/recorder.hpp"

#include <c10/core/CachingDeviceAllocator.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <utility>

namespace mirra::trainer {
namespace {

/// The libraries choose their kernels in the first steps, and take memory that they keep.
constexpr std::int64_t kAsTheyCome = 3;

RecordedStep::Tensors copies_of(const RecordedStep::Tensors &tensors) {
    RecordedStep::Tensors out;
    for (const auto &each : tensors) out.push_back(each.clone());
    return out;
}

} // namespace

RecordedStep::RecordedStep(const torch::Device &device, runtime::WorkRecorder *recorder)
    : device_(device)
    , recorder_(recorder == nullptr && device.is_cuda() ? runtime::find_work_recorder(module_folders())
                                                        : recorder) {}

RecordedStep::~RecordedStep() = default;

bool RecordedStep::is_like_the_last(std::int64_t kind, const Tensors &inputs) const {
    return kind == kind_ && std::ranges::equal(inputs, inputs_, [](const auto &one, const auto &other) {
               return one.sizes() == other.sizes() && one.dtype() == other.dtype();
           });
}

void RecordedStep::forget() {
    work_.reset();
    outputs_.clear();
    inputs_.clear();
    steps_ = 0;
}

RecordedStep::Tensors RecordedStep::run(std::int64_t kind, const Tensors &inputs, const Compute &compute) {
    if (recorder_ == nullptr) return compute(inputs);
    if (!is_like_the_last(kind, inputs)) {
        forget();
        kind_ = kind;
        for (const auto &each : inputs) inputs_.push_back(torch::empty_like(each));
    }
    if (++steps_ <= kAsTheyCome || (work_ == nullptr && !record(compute))) return compute(inputs);
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < inputs.size(); ++i) inputs_[i].copy_(inputs[i], true);
    work_->replay();
    return copies_of(outputs_);
}

/// A recording has memory of its own, and cannot take what the steps before have left behind.
void RecordedStep::give_back_memory() const {
    if (!device_.is_cuda()) return;
    torch::cuda::synchronize(device_.index());
    c10::getDeviceAllocator(device_.type())->emptyCache();
}

bool RecordedStep::record(const Compute &compute) {
    try {
        give_back_memory();
        work_ = recorder_->record(device_.index(), [this, compute] { outputs_ = compute(inputs_); });
        return true;
    } catch (const c10::Error &error) {
        // What a capture forbids is told by the same errors as what a lost device gives, which ends the run
        // here.
        if (device_.is_cuda()) torch::cuda::synchronize(device_.index());
        const std::string text = error.what_without_backtrace();
        log_info("steps are not recorded: " + text.substr(0, text.find('\n')));
        forget();
        recorder_ = nullptr;
        return false;
    }
}

} // namespace mirra::trainer
