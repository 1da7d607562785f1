// Adam.
#include "core/adam.hpp"

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

} // namespace mirra::trainer
