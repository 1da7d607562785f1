// What a run of a compiled graph checks and tells, whichever runtime computes it. No LibTorch.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace mirra::runtime {

/// What a compiled graph may be given. Tiles of one size are looked at once. Thread-safe; the graph must
/// outlive it.
class ShapeCheck {
  public:
    explicit ShapeCheck(const graph::Graph &graph) : graph_(graph), inference_(graph) {}

    using Work = std::shared_ptr<const std::vector<double>>; ///< of each node, see graph::node_work()

    /// @throws Error mismatch | limit
    Work operator()(std::span<const TensorPtr> inputs);

  private:
    const graph::Graph &graph_;
    std::mutex mutex_;
    graph::ShapeInference inference_;
    std::vector<graph::Shape> last_; ///< found right
    Work work_;                      ///< of these
};

/// Tells somebody of each step before it is run.
class Teller {
  public:
    /// @param nodes  of the steps that will be run
    Teller(const StepFunction &step, const std::vector<double> &work, const std::vector<std::size_t> &nodes);
    void before();

  private:
    const StepFunction &step_;
    std::size_t done_ = 0, count_;
    std::vector<double> work_;
    double before_ = 0, all_ = 0;
};

} // namespace mirra::runtime
