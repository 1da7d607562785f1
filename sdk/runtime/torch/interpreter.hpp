// Runs compiled steps one after the other, forward and back.
#pragma once

#include "runtime/torch/compile.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mirra::runtime {

/// A tape is what a pass forward leaves for the way back: of each step that the input has an influence on,
/// how the gradient of its result gives those of its inputs. One pass; for one thread.
class Tape {
  public:
    using Gradients = std::map<std::string, at::Tensor>; ///< by value
    using WayBack = std::function<void(Gradients &gradients, const at::Tensor &of_result)>;

    /// @param input  the one that the gradient is wanted for
    explicit Tape(std::string input);

    /// Whether the input has an influence on this value.
    [[nodiscard]] bool follows(const std::string &value) const { return following_.contains(value); }
    void remember(const std::string &result, WayBack back);
    /// Gradient of a function by the input, given that by `output`; undefined where the input has no
    /// influence. Once.
    /// @param before  called before each step; what it throws ends the way back
    at::Tensor back(const std::string &output, const at::Tensor &gradient,
                    const std::function<void()> &before);

  private:
    std::string input_;
    std::set<std::string, std::less<>> following_;
    std::vector<std::pair<std::string, WayBack>> ways_;
};

/// One pass forward: the values alive, channels-last, in place where nobody reads on. For one thread.
class Pass {
  public:
    /// @param values  the graph's inputs by name; those that a convolution reads are channels-last
    /// @param type    that the steps were compiled for
    /// @param tape    null: there is no way back
    Pass(std::map<std::string, at::Tensor> values, at::ScalarType type, Tape *tape);

    void run(const CompiledStep &step);
    [[nodiscard]] const at::Tensor &value(const std::string &name) const { return values_.at(name); }

  private:
    [[nodiscard]] bool owned(const Step &step, const std::string &name) const;
    at::Tensor convolve(const CompiledStep &step);
    at::Tensor convolve_and_add(const CompiledStep &step, const at::Tensor &x);
    at::Tensor normalise(const CompiledStep &step);
    at::Tensor image_range(const CompiledStep &step);
    at::Tensor apply(const CompiledStep &step);
    at::Tensor apply_recorded(const CompiledStep &step);
    [[nodiscard]] bool recorded(const std::vector<std::string> &inputs) const;

    std::map<std::string, at::Tensor> values_;
    std::set<std::string, std::less<>> given_; ///< the caller's values, which are nobody's to write over
    at::ScalarType type_;
    Tape *tape_;
};

} // namespace mirra::runtime
