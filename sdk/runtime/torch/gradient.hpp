// Gradients of a graph with respect to its inputs.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>

namespace mirra::runtime {

/// @throws Error as Module::compile
std::shared_ptr<Differentiable> make_differentiable(const graph::Graph &graph, const WeightSource &weights,
                                                    const std::string &device);

} // namespace mirra::runtime
