// Gradients as averages over the processes.
#pragma once

#include "distributed/process_group.hpp"

#include <memory>

namespace c10d {
class Reducer;
}

namespace mirra::trainer {

/// Averages in buckets while the backward pass still computes the others: LibTorch's engine of
/// DistributedDataParallel. One thread.
class GradientAverage {
  public:
    /// @param processes  must outlive this
    /// @param parameters  the same tensors in the same order in every process; all of them get a gradient in
    /// every pass
    GradientAverage(const ProcessGroup &processes, const std::vector<torch::Tensor> &parameters);
    GradientAverage(const GradientAverage &) = delete;
    GradientAverage &operator=(const GradientAverage &) = delete;
    ~GradientAverage();

    /// loss.backward(). @throws Error io when another process is gone
    void backward(const torch::Tensor &loss);

  private:
    const ProcessGroup &processes_;
    std::unique_ptr<c10d::Reducer> reducer_; ///< none without other processes
};

} // namespace mirra::trainer
