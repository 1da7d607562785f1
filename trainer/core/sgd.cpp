// SGD.
#include "core/sgd.hpp"

namespace mirra::trainer {

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

} // namespace mirra::trainer
