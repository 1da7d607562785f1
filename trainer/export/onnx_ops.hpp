// The ops of our graphs as ONNX has them.
#pragma once

#include "export/onnx_graph.hpp"
#include "mirra/bundle.hpp"

namespace mirra::trainer::onnx {

/// A node that is written.
struct Call {
    GraphWriter &out;
    const graph::Node &node;
    std::vector<std::string> inputs; ///< names of the values in the model
    std::span<const graph::Shape>
        shapes; ///< of the inputs, at one size: only what does not hang on it counts
    const bundle::Bundle &weights;

    [[nodiscard]] const std::string &x() const { return inputs.front(); }
    [[nodiscard]] std::int64_t integer(const char *key) const { return node.integer(key); }
    /// Adds the node's main operation, whose value bears its name.
    [[nodiscard]] std::string made(const std::string &op, const std::vector<std::string> &operands,
                                   const Attributes &attributes = {}) const {
        return out.node(op, operands, attributes, node.name);
    }
    /// The weight of a role as a constant; "" where the node has none.
    /// @param shape  that it is given; empty: its own
    [[nodiscard]] std::string weight(const char *role, graph::Shape shape = {}) const;
};

/// Adds what computes the node. @returns the name of its value
std::string write_node(const Call &call);

} // namespace mirra::trainer::onnx
