// A pass forward through a compiled graph that remembers what the pass back needs.
#pragma once

#include "runtime/torch/adjoint.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirra::runtime {

/// A step and its way back, if it is a convolution.
struct DifferentiableStep {
    CompiledStep forward;
    std::shared_ptr<const Adjoint> back;
};

/// One pass; for one thread. LibTorch's own autograd serves the ops that have no way back of ours.
class Tape {
  public:
    /// @param values  the graph's inputs by name, channels-last
    /// @param input   the one that the gradient is wanted for
    Tape(std::map<std::string, at::Tensor> values, std::string input);

    void run(const DifferentiableStep &step);
    [[nodiscard]] const at::Tensor &value(const std::string &name) const { return values_.at(name); }
    /// Gradient of a function by the input, given that by `output`. Once.
    at::Tensor back(const std::string &output, const at::Tensor &gradient);

  private:
    using Gradients = std::map<std::string, at::Tensor>;

    /// Whether the input has an influence on this value.
    [[nodiscard]] bool follows(const std::string &value) const { return following_.contains(value); }
    at::Tensor convolve(const DifferentiableStep &step);
    at::Tensor normalise(const CompiledStep &step);
    at::Tensor image_range(const CompiledStep &step);
    at::Tensor apply(const CompiledStep &step);
    void remember(const std::string &result, std::function<void(Gradients &, const at::Tensor &)> back);

    std::map<std::string, at::Tensor> values_;
    std::string input_;
    std::map<std::string, bool> following_;
    std::vector<std::pair<std::string, std::function<void(Gradients &, const at::Tensor &)>>> steps_;
};

} // namespace mirra::runtime
