// Collective calls over c10d, and its reducer.
#include "distributed/process_group.hpp"

#include "distributed/connection.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>

namespace mirra::trainer {
namespace {

using Engine = c10d::ProcessGroup;

c10::intrusive_ptr<c10d::Store> open_store(const ProcessEnvironment &environment) {
    c10d::TCPStoreOptions options;
    options.port = environment.port;
    options.isServer = environment.rank == 0 && !environment.launcher_store;
    options.numWorkers = environment.world;
    options.waitWorkers = !environment.launcher_store;
    options.timeout = environment.timeout;
    return c10::make_intrusive<c10d::TCPStore>(environment.address, options);
}

torch::Tensor on_processor(const torch::Tensor &tensor) {
    return tensor.detach().to(at::kCPU).contiguous();
}

} // namespace

ProcessGroup::ProcessGroup() = default;
ProcessGroup::~ProcessGroup() = default;

const ProcessGroup &ProcessGroup::alone() {
    static const ProcessGroup group;
    return group;
}

ProcessGroup::ProcessGroup(const ProcessEnvironment &environment, const torch::Device &device)
    : rank_(environment.rank)
    , size_(environment.world)
    , restarted_(environment.attempt > 0) {
    if (size_ == 1) return;
    try {
        connect(environment, device);
    } catch (...) {
        rethrow();
    }
}

void ProcessGroup::connect(const ProcessEnvironment &environment, const torch::Device &device) {
    const auto store = open_store(environment);
    const auto meeting = meet(*store, rank_, size_, environment.timeout);
    restarted_ = restarted_ || !meeting.first;
    const auto part_of_store = [&](const std::string &name) {
        return c10::make_intrusive<c10d::PrefixStore>("mirra/" + meeting.name + "/" + name, store);
    };
    const auto gloo = gloo_backend(part_of_store("gloo"), rank_, size_, environment.timeout);
    engine_ = c10::make_intrusive<Engine>(part_of_store("group"), rank_, size_);
    engine_->setBackend(at::kCPU, Engine::GLOO, gloo);
    engine_->setDefaultBackend(Engine::GLOO);
    if (!device.is_cuda()) return;
    std::string reason;
    const auto nccl = nccl_backend(part_of_store("nccl"), rank_, size_, environment.timeout, reason);
    if (nccl)
        engine_->setBackend(at::kCUDA, Engine::NCCL, nccl);
    else
        engine_->setBackend(at::kCUDA, Engine::GLOO, gloo);
    if (!nccl && first()) log_warning("gradients go by Gloo, which is slower than NCCL: " + reason);
}

void ProcessGroup::rethrow() const {
    const auto lost = [&](const std::string &why) {
        return Error(ErrorCode::io,
                     "process " + std::to_string(rank_) + " of " + std::to_string(size_) +
                         " cannot go on with the others: " + why,
                     "",
                     "look for the error of the process that ended first, then start all again: they go on "
                     "from the last checkpoint; MIRRA_DISTRIBUTED_TIMEOUT is the longest wait in seconds");
    };
    try {
        throw;
    } catch (const c10::DistError &error) {
        throw lost(error.what_without_backtrace());
    } catch (const c10::Error &) {
        throw;
    } catch (const Error &) {
        throw;
    } catch (const std::runtime_error &error) { // of Gloo
        throw lost(error.what());
    }
}

void ProcessGroup::sum(torch::Tensor tensor) const {
    try {
        std::vector<torch::Tensor> tensors{std::move(tensor)};
        engine_->allreduce(tensors)->wait();
    } catch (...) {
        rethrow();
    }
}

std::vector<double> ProcessGroup::average(const std::vector<double> &values) const {
    if (size_ == 1) return values;
    const auto sums = torch::tensor(values, at::kDouble);
    sum(sums);
    const auto means = sums / size_;
    return {means.const_data_ptr<double>(), means.const_data_ptr<double>() + means.numel()};
}

void ProcessGroup::average(const std::vector<torch::Tensor> &tensors) const {
    if (size_ == 1 || tensors.empty()) return;
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> flat;
    for (const auto &tensor : tensors) flat.push_back(tensor.detach().reshape(-1));
    const auto all = torch::cat(flat); // one copy between the devices each way
    const auto sums = on_processor(all);
    sum(sums);
    const auto means = sums.div_(size_).to(all.device());
    std::int64_t begin = 0;
    for (torch::Tensor tensor : tensors) {
        tensor.copy_(means.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
        begin += tensor.numel();
    }
}

void ProcessGroup::broadcast(const std::vector<torch::Tensor> &tensors) const {
    if (size_ == 1) return;
    const torch::NoGradGuard no_grad;
    try {
        for (torch::Tensor tensor : tensors) {
            std::vector<torch::Tensor> copy{on_processor(tensor)};
            engine_->broadcast(copy)->wait();
            tensor.copy_(copy.front());
        }
    } catch (...) {
        rethrow();
    }
}

std::pair<std::int64_t, std::int64_t> ProcessGroup::share(std::int64_t rows) const {
    const auto first = rows * rank_ / size_;
    return {first, rows * (rank_ + 1) / size_ - first};
}

torch::Tensor ProcessGroup::part(const torch::Tensor &batch) const {
    const auto [first, count] = share(batch.size(0));
    return batch.size(0) < size_ ? batch : batch.narrow(0, first, count);
}

torch::Tensor ProcessGroup::whole(const torch::Tensor &part, std::int64_t rows) const {
    if (size_ == 1 || rows < size_) return part;
    auto shape = part.sizes().vec();
    shape.front() = rows;
    const auto batch = torch::zeros(shape, part.options().device(at::kCPU));
    this->part(batch).copy_(part.detach());
    sum(batch);
    return batch.to(part.device());
}

void ProcessGroup::require_same(const std::string &text, const std::string &what,
                                const std::string &hint) const {
    if (size_ == 1) return;
    const auto mine = static_cast<std::int64_t>(std::hash<std::string>()(text));
    const auto parts = whole(torch::full({1}, mine, at::kLong), size_);
    if (parts.eq(mine).all().item<bool>()) return;
    throw Error(ErrorCode::mismatch, "the processes do not have the same " + what, "", hint);
}

void ProcessGroup::barrier() const {
    if (size_ > 1) sum(torch::zeros({1}));
}

GradientAverage::GradientAverage(const ProcessGroup &processes, const std::vector<torch::Tensor> &parameters)
    : processes_(processes) {
    if (processes.size() == 1) return;
    constexpr auto kFirst = c10d::kDefaultFirstBucketBytes, kCap = c10d::kDefaultBucketBytesCap;
    auto buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(parameters, {kFirst, kCap}));
    std::ranges::reverse(buckets); // gradients come from the last layer to the first
    constexpr bool kFindUnused = false, kViews = true, kSkipUnused = false, kPython = false;
    reducer_ = std::make_unique<c10d::Reducer>(parameters, std::move(buckets), processes.engine(),
                                               std::vector<bool>(parameters.size(), false), kCap, kFindUnused,
                                               kViews, std::unordered_map<std::size_t, std::string>(), kFirst,
                                               kSkipUnused, kPython, std::vector<std::int64_t>());
}

GradientAverage::~GradientAverage() = default;

void GradientAverage::backward(const torch::Tensor &loss) {
    if (!reducer_) return loss.backward();
    try {
        reducer_->rebuild_buckets(); // once, into the order in which the first pass made the gradients
        reducer_->prepare_for_backward({});
        loss.backward();
    } catch (...) {
        processes_.rethrow();
    }
}

} // namespace mirra::trainer
