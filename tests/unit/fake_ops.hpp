// Every op as plain loops, forward and for gradients: what the fake runtime computes by.
#pragma once

#include "mirra/graph.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace mirra::test {

using FakeWeights = std::map<std::string, std::vector<float>>;

/// Row-major values with their shape.
struct Valued {
    const graph::Shape &shape;
    std::span<const float> values;
};

/// The values of a node's result, which has the shape `result`.
std::vector<float> forward(const graph::Node &node, std::span<const Valued> inputs,
                           const graph::Shape &result, const FakeWeights &weights);

/// Gradients of a function by each of the inputs, given that by the result.
std::vector<std::vector<float>> backward(const graph::Node &node, std::span<const Valued> inputs,
                                         const Valued &gradient, const FakeWeights &weights);

} // namespace mirra::test
