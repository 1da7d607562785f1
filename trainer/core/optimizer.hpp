// Optimisers over LibTorch's fused kernels with their state in plain tensors for checkpoints, learning-rate
// schedules, and what is done to gradients before a step and to weights after it.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The learning rate of every step.
struct Schedule {
    std::string kind = "cosine"; ///< constant | cosine | step
    double rate = 1e-3, final_rate = 0;
    std::int64_t warmup = 0, steps = 1;
    std::int64_t step_every = 1; ///< "step": the rate is multiplied by step_factor every so many steps
    std::vector<std::int64_t> drops = {}; ///< "step": instead of that, at these steps, in ascending order
    double step_factor = 0.1;
    std::vector<double> factors = {}; ///< of the drops, one after the other, instead of step_factor

    /// Rate of a step; grows linearly over the warm-up.
    [[nodiscard]] double at(std::int64_t step) const {
        const double ramp = step < warmup ? static_cast<double>(step + 1) / static_cast<double>(warmup) : 1.0;
        if (kind == "step") return ramp * rate * factor_after(drops_until(step));
        if (kind == "constant") return ramp * rate;
        const double progress = static_cast<double>(step) / static_cast<double>(steps);
        return ramp * (final_rate + (rate - final_rate) * 0.5 * (1 + std::cos(std::numbers::pi * progress)));
    }

  private:
    [[nodiscard]] double factor_after(std::int64_t count) const {
        if (factors.empty()) return std::pow(step_factor, static_cast<double>(count));
        return std::accumulate(factors.begin(), factors.begin() + count, 1.0, std::multiplies<>());
    }
    [[nodiscard]] std::int64_t drops_until(std::int64_t step) const {
        if (drops.empty()) return step / step_every;
        return std::ranges::upper_bound(drops, step) - drops.begin();
    }
};

/// Adam (Kingma and Ba 2015).
class Adam {
  public:
    struct Options {
        double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weight_decay = 0;
    };
    Adam(std::vector<torch::Tensor> parameters, const Options &options);

    void zero_grad();
    /// @param norm  of the gradient, where it is known: one that is not finite changes nothing
    void step(double rate, const torch::Tensor &norm = {});
    /// First and second moments and step counts by "adam.<index>.<part>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    [[nodiscard]] const std::vector<torch::Tensor> &parameters() const { return parameters_; }

  private:
    std::vector<torch::Tensor> parameters_, mean_, square_, steps_;
    Options options_;
};

/// As torch.optim.SGD: g += weight_decay p; v = momentum v + g; p -= rate (nesterov ? g + momentum v : v).
class Sgd {
  public:
    struct Options {
        double momentum = 0.9, weight_decay = 0;
        bool nesterov = false;
    };
    Sgd(std::vector<torch::Tensor> parameters, const Options &options);

    void zero_grad();
    /// @param norm  of the gradient, where it is known: one that is not finite changes nothing
    void step(double rate, const torch::Tensor &norm = {});
    /// Momentum by "sgd.<index>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;
    [[nodiscard]] const std::vector<torch::Tensor> &parameters() const { return parameters_; }

  private:
    std::vector<torch::Tensor> parameters_, momentum_;
    Options options_;
};

/// Scales the gradients down to a joint L2 norm of at most `largest` (0: no bound); returns the norm before,
/// of one element, without waiting for a GPU.
torch::Tensor clip_gradients(const std::vector<torch::Tensor> &parameters, double largest);

/// average = decay average + (1 - decay) weights, with min(decay, (1 + t) / (10 + t)) in the first steps t.
/// One thread.
class WeightAverage {
  public:
    /// @param weights  tensors to follow; their storage is shared, not copied
    WeightAverage(std::map<std::string, torch::Tensor> weights, double decay);
    /// @param step  number of this update, from 0
    void update(std::int64_t step);
    /// Exchanges the weights' values with the averages; a second call undoes it.
    void swap();
    /// The averages by "average.<name>".
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const;

  private:
    std::map<std::string, torch::Tensor> weights_, averages_;
    double decay_;
};

} // namespace mirra::trainer
