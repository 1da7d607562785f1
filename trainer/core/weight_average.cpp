// The moving average.
#include "core/weight_average.hpp"

#include <algorithm>

namespace mirra::trainer {

WeightAverage::WeightAverage(std::map<std::string, torch::Tensor> weights, double decay)
    : weights_(std::move(weights))
    , decay_(decay) {
    for (const auto &[name, tensor] : weights_) averages_[name] = tensor.detach().clone();
}

void WeightAverage::update(std::int64_t step) {
    const torch::NoGradGuard no_grad;
    const auto t = static_cast<double>(step);
    const double decay = std::min(decay_, (1 + t) / (10 + t));
    for (auto &[name, average] : averages_) average.lerp_(weights_.at(name).detach(), 1 - decay);
}

void WeightAverage::swap() {
    const torch::NoGradGuard no_grad;
    for (auto &[name, average] : averages_) {
        const auto kept = weights_.at(name).detach().clone();
        weights_.at(name).copy_(average);
        average.copy_(kept);
    }
}

std::map<std::string, torch::Tensor> WeightAverage::state() const {
    std::map<std::string, torch::Tensor> out;
    for (const auto &[name, average] : averages_) out["average." + name] = average;
    return out;
}

} // namespace mirra::trainer
