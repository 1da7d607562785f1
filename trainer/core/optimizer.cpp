// Steps of the optimisers, clipping, averaging.
#include "core/optimizer.hpp"

#include "mirra/error.hpp"

#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <cmath>

namespace mirra::trainer {

Adam::Adam(std::vector<torch::Tensor> parameters, const Options &options)
    : parameters_(std::move(parameters))
    , options_(options) {
    for (const auto &parameter : parameters_) {
        mean_.push_back(torch::zeros_like(parameter));
        square_.push_back(torch::zeros_like(parameter));
        steps_.push_back(torch::zeros({}, parameter.options().dtype(at::kFloat)));
    }
}

void Adam::zero_grad() {
    for (auto &parameter : parameters_) parameter.mutable_grad().reset();
}

void Adam::step(double rate) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> gradients;
    for (const auto &parameter : parameters_)
        gradients.push_back(parameter.grad().contiguous(parameter.suggest_memory_format()));
    at::_foreach_add_(steps_, 1);
    at::_fused_adam_(parameters_, gradients, mean_, square_, {}, steps_, rate, options_.beta1, options_.beta2,
                     options_.weight_decay, options_.epsilon, false, false);
}

std::map<std::string, torch::Tensor> Adam::state() const {
    std::map<std::string, torch::Tensor> out;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
        const std::string prefix = "adam." + std::to_string(i) + ".";
        out[prefix + "mean"] = mean_[i];
        out[prefix + "square"] = square_[i];
        out[prefix + "steps"] = steps_[i];
    }
    return out;
}

Sgd::Sgd(std::vector<torch::Tensor> parameters, const Options &options)
    : parameters_(std::move(parameters))
    , options_(options) {
    for (const auto &parameter : parameters_) momentum_.push_back(torch::zeros_like(parameter));
}

void Sgd::zero_grad() {
    for (auto &parameter : parameters_) parameter.mutable_grad().reset();
}

void Sgd::step(double rate) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> gradients;
    for (const auto &parameter : parameters_)
        gradients.push_back(parameter.grad().contiguous(parameter.suggest_memory_format()));
    constexpr double kDampening = 0;
    // A momentum of zeros makes the first step like all others, so a resumed run needs no flag for it.
    at::_fused_sgd_(parameters_, gradients, momentum_, options_.weight_decay, options_.momentum, rate,
                    kDampening, options_.nesterov, false, false);
}

std::map<std::string, torch::Tensor> Sgd::state() const {
    std::map<std::string, torch::Tensor> out;
    for (std::size_t i = 0; i < momentum_.size(); ++i) out["sgd." + std::to_string(i)] = momentum_[i];
    return out;
}

double clip_gradients(const std::vector<torch::Tensor> &parameters, double largest, std::int64_t step,
                      const std::string &recipe) {
    constexpr double kNoLimit = 1e30;
    const double norm = torch::nn::utils::clip_grad_norm_(parameters, largest > 0 ? largest : kNoLimit);
    if (!std::isfinite(norm))
        throw Error(ErrorCode::internal, "the gradient is not finite at step " + std::to_string(step + 1),
                    recipe, "lower the learning rate or set clip_norm in the recipe");
    return norm;
}

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
