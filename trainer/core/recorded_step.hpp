// The part of a training step that is alike in all steps: recorded by a GPU, and done again as one order.
#pragma once

#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace mirra::runtime {
class RecordedWork;
class WorkRecorder;
} // namespace mirra::runtime

namespace mirra::trainer {

/// A small network's step is a thousand orders, and to give them takes longer than to carry them out. So the
/// passes forward and back are recorded (a CUDA graph) and given as one. One thread.
class RecordedStep {
  public:
    using Tensors = std::vector<torch::Tensor>;
    /// What steps compute of their inputs. It uses what lies at the same place in all steps, such as weights,
    /// and nothing of one step alone; it clears the gradients that it makes, and reads no value back.
    using Compute = std::function<Tensors(const Tensors &inputs)>;

    /// @param recorder  null: that of the device, where it is a GPU and the module for it is there
    RecordedStep(const torch::Device &device, runtime::WorkRecorder *recorder);
    RecordedStep(const RecordedStep &) = delete;
    RecordedStep &operator=(const RecordedStep &) = delete;
    ~RecordedStep();

    /// The first steps are computed as they come. What cannot be recorded is, too, and the log says so.
    /// @param kind     steps of another kind compute something else
    /// @param compute  as in all steps of this kind: the first one is recorded
    /// @returns what it returns, in memory that the next step leaves alone
    Tensors run(std::int64_t kind, const Tensors &inputs, const Compute &compute);

  private:
    [[nodiscard]] bool is_like_the_last(std::int64_t kind, const Tensors &inputs) const;
    void forget();
    void give_back_memory() const;
    bool record(const Compute &compute);

    const torch::Device device_;
    runtime::WorkRecorder *recorder_;   ///< null: nothing is recorded
    std::int64_t kind_ = 0, steps_ = 0; ///< of this kind
    Tensors inputs_, outputs_;          ///< where the recorded work has them
    std::unique_ptr<runtime::RecordedWork> work_;
};

} // namespace mirra::trainer
