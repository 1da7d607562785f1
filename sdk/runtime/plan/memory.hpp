// Upper bounds on the memory of a graph at any size of its inputs. No LibTorch.
#pragma once

#include "mirra/runtime.hpp"
#include "runtime/plan/program.hpp"
#include "runtime/plan/weights.hpp"

#include <span>

namespace mirra::runtime {

/// A graph, lowered once. For one thread; the graph must outlive it.
class Footprint {
  public:
    /// @param gradient  whether it is one of gradients, in fp32, and not of runs
    Footprint(const graph::Graph &graph, Precision precision, bool gradient);

    [[nodiscard]] const graph::Graph &graph() const { return graph_; }
    [[nodiscard]] const WeightBytes &weights() const { return weights_; }
    /// Tensors of one run at the peak, those of inputs and outputs included, and what kernels hold besides.
    /// @param inputs  in the order of graph().inputs
    /// @throws Error mismatch | limit
    std::uint64_t tensors(std::span<const graph::Shape> inputs);

  private:
    /// A step with numbers of tensors (see graph::ShapeInference) for names.
    struct Played {
        const Step *step = nullptr;
        graph::Node node;           ///< kernel_node()
        const graph::Execution &op; ///< of the node
        Kernel kernel = Kernel::general;
        std::size_t result = 0;
        std::vector<std::size_t> inputs = {}, released = {};
        std::uint64_t weights = 0; ///< values of weights that are cast at every run
    };
    class Simulation;
    class WayBack;

    const graph::Graph &graph_;
    const std::uint64_t value_bytes_;
    const bool gradient_;
    Program program_;
    WeightBytes weights_;
    graph::ShapeInference inference_;
    std::vector<Played> steps_;
    std::vector<std::size_t> outputs_;
};

} // namespace mirra::runtime
