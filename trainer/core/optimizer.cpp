// Steps of the optimisers, clipping, averaging.
#include "core/optimizer.hpp"

#include <algorithm>
#include <optional>

namespace mirra::trainer {
namespace {

void forget_gradients(const std::vector<torch::Tensor> &parameters) {
    for (const auto &parameter : parameters) parameter.mutable_grad().reset();
}

/// In the memory format of the weights, as the fused kernels want them.
std::vector<torch::Tensor> gradients_of(const std::vector<torch::Tensor> &parameters) {
    std::vector<torch::Tensor> out;
    for (const auto &parameter : parameters)
        out.push_back(parameter.grad().contiguous(parameter.suggest_memory_format()));
    return out;
}

/// What tells the fused kernels to change nothing: 1 where the norm is not finite.
std::optional<torch::Tensor> unless_finite(const torch::Tensor &norm) {
    if (!norm.defined()) return std::nullopt;
    return norm.isfinite().logical_not_().to(at::kFloat);
}

} // namespace

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
    forget_gradients(parameters_);
}

void Adam::step(double rate, const torch::Tensor &norm) {
    const torch::NoGradGuard no_grad;
    at::_foreach_add_(steps_, 1);
    at::_fused_adam_(parameters_, gradients_of(parameters_), mean_, square_, {}, steps_, rate, options_.beta1,
                     options_.beta2, options_.weight_decay, options_.epsilon, false, false, {},
                     unless_finite(norm));
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
    forget_gradients(parameters_);
}

void Sgd::step(double rate, const torch::Tensor &norm) {
    const torch::NoGradGuard no_grad;
    constexpr double kDampening = 0;
    // A momentum of zeros makes the first step like all others, so a resumed run needs no flag for it.
    // Without any the kernel refuses to be given one.
    const auto momentum = options_.momentum > 0 ? momentum_ : std::vector<torch::Tensor>();
    at::_fused_sgd_(parameters_, gradients_of(parameters_), momentum, options_.weight_decay,
                    options_.momentum, rate, kDampening, options_.nesterov, false, false, {},
                    unless_finite(norm));
}

std::map<std::string, torch::Tensor> Sgd::state() const {
    std::map<std::string, torch::Tensor> out;
    for (std::size_t i = 0; i < momentum_.size(); ++i) out["sgd." + std::to_string(i)] = momentum_[i];
    return out;
}

torch::Tensor clip_gradients(const std::vector<torch::Tensor> &parameters, double largest) {
    constexpr double kEuclidean = 2, kStabiliser = 1e-6;
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> gradients;
    for (const auto &parameter : parameters)
        if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    const auto norms = at::_foreach_norm(gradients, kEuclidean);
    const auto norm = norms.size() == 1 ? norms.front() : torch::stack(norms).norm(kEuclidean);
    if (largest > 0) at::_foreach_mul_(gradients, (largest / (norm + kStabiliser)).clamp_max(1));
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
    std::vector<torch::Tensor> averages, weights;
    for (const auto &[name, average] : averages_) {
        averages.push_back(average);
        weights.push_back(weights_.at(name).detach());
    }
    at::_foreach_lerp_(averages, weights, 1 - decay);
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
