// The ways back through the ops: gradients of their inputs, given that of their result. In fp32.
#pragma once

#include "mirra/graph.hpp"
#include "runtime/onednn/ops.hpp"

#include <span>
#include <vector>

namespace mirra::runtime::onednn {

/// What the way back through an op reads.
struct Reads {
    bool inputs = false, result = false;
};
Reads reads_of(graph::Op op);

/// A node as a pass forward left it. Values that reads_of() does not name may be empty.
struct Passed {
    const graph::Node &node;
    std::span<const graph::Shape> shapes; ///< of the inputs
    std::span<const Block> inputs;
    const Block &result;
    const Weights &weights;
};

/// Gradient of one input, dense. The node is none of the convolutions, which have a class of their own.
/// @param given  that of the result, dense
Block adjoint(const Passed &passed, std::size_t input, const Block &given);

/// given * (result > 0), over `given` where it is owned.
Block masked(Block given, const Block &result);
/// given * result * (1 - result).
Block sigmoid_adjoint(const Block &given, const Block &result);
/// Summed up to a shape that was broadcast to that of `given`.
Block summed_to(const Block &given, const graph::Shape &shape);

} // namespace mirra::runtime::onednn
