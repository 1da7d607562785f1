// The parts of an ONNX model as they are put together: onnx.proto of ONNX 1.12, operator set 17.
#pragma once

#include "export/protobuf.hpp"
#include "mirra/graph.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mirra::trainer::onnx {

using Attribute = std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

/// A side of a tensor: fixed, or a name for one that each run has its own of.
using Dimension = std::variant<std::int64_t, std::string>;

/// Every value has a name of its own.
class GraphWriter {
  public:
    /// Adds a node with one output. @returns its name @param like  what the output's name is made of
    std::string node(const std::string &op, const std::vector<std::string> &inputs,
                     const Attributes &attributes = {}, const std::string &like = {});
    /// A node whose output has exactly this name, which no value had before.
    void named_node(const std::string &op, const std::vector<std::string> &inputs, const std::string &output,
                    const Attributes &attributes = {});
    /// Adds constants. @returns the name
    std::string floats(const graph::Shape &shape, std::span<const float> values,
                       const std::string &like = "constant");
    std::string integers(const std::vector<std::int64_t> &values);
    std::string integer(std::int64_t value); ///< a scalar

    void input(const std::string &name, const std::vector<Dimension> &shape);
    void output(const std::string &name, const std::vector<Dimension> &shape);
    /// A name that no value has yet, from now on taken.
    std::string unused(const std::string &like);

    /// The whole model. @throws Error limit beyond 2 GiB, the most that protocol buffers hold
    [[nodiscard]] std::string model(const std::string &name, const std::string &note) const;

  private:
    std::string constant(const graph::Shape &shape, std::int64_t type, std::string_view bytes,
                         const std::string &like);

    std::set<std::string> names_;
    std::vector<protobuf::Message> nodes_, initializers_, inputs_, outputs_;
};

} // namespace mirra::trainer::onnx
