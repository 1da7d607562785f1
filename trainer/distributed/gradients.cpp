// Driving c10d's reducer.
#include "distributed/gradients.hpp"

#include <torch/csrc/distributed/c10d/reducer.hpp>

#include <algorithm>

namespace mirra::trainer {

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
