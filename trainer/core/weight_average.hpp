// Exponential moving average of a network's weights.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <map>
#include <string>

namespace mirra::trainer {

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
