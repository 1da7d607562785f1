// Numbers of fields and of enumerators are those of onnx.proto.
#include "export/onnx_graph.hpp"

#include "mirra/error.hpp"

#include <limits>

namespace mirra::trainer::onnx {
namespace {

using protobuf::Message;

constexpr std::int64_t kFloat = 1, kInt64 = 7; // TensorProto.DataType
constexpr std::int64_t kIrVersion = 8, kOperators = 17;

struct AttributeWriter {
    Message &out;

    void operator()(std::int64_t value) const {
        out.integer(3, value);
        out.integer(20, 2);
    }
    void operator()(double value) const {
        out.real(2, static_cast<float>(value));
        out.integer(20, 1);
    }
    void operator()(const std::string &value) const {
        out.text(4, value);
        out.integer(20, 3);
    }
    void operator()(const std::vector<std::int64_t> &values) const {
        for (const auto value : values) out.integer(8, value);
        out.integer(20, 7);
    }
};

Message attribute(const std::string &name, const Attribute &value) {
    Message out;
    out.text(1, name);
    std::visit(AttributeWriter{out}, value);
    return out;
}

Message dimension(const Dimension &side) {
    Message out;
    if (const auto *extent = std::get_if<std::int64_t>(&side))
        out.integer(1, *extent);
    else
        out.text(2, std::get<std::string>(side));
    return out;
}

Message value_info(const std::string &name, const std::vector<Dimension> &shape) {
    Message sides, tensor, type, out;
    for (const auto &side : shape) sides.message(1, dimension(side));
    tensor.integer(1, kFloat);
    tensor.message(2, sides);
    type.message(1, tensor);
    out.text(1, name);
    out.message(2, type);
    return out;
}

template<class Value> std::string_view bytes_of(std::span<const Value> values) {
    return {reinterpret_cast<const char *>(values.data()), values.size_bytes()};
}

} // namespace

std::string GraphWriter::unused(const std::string &like) {
    auto name = like;
    for (int i = 2; !names_.insert(name).second; ++i) name = like + "_" + std::to_string(i);
    return name;
}

std::string GraphWriter::node(const std::string &op, const std::vector<std::string> &inputs,
                              const Attributes &attributes, const std::string &like) {
    auto name = unused("/" + (like.empty() ? op : like));
    named_node(op, inputs, name, attributes);
    return name;
}

void GraphWriter::named_node(const std::string &op, const std::vector<std::string> &inputs,
                             const std::string &output, const Attributes &attributes) {
    Message out;
    for (const auto &input : inputs) out.text(1, input);
    out.text(2, output);
    out.text(3, output);
    out.text(4, op);
    for (const auto &[name, value] : attributes) out.message(5, attribute(name, value));
    nodes_.push_back(std::move(out));
}

std::string GraphWriter::constant(const graph::Shape &shape, std::int64_t type, std::string_view bytes,
                                  const std::string &like) {
    auto name = unused(like);
    Message out;
    for (const auto extent : shape) out.integer(1, extent);
    out.integer(2, type);
    out.text(8, name);
    out.text(9, bytes);
    initializers_.push_back(std::move(out));
    return name;
}

std::string GraphWriter::floats(const graph::Shape &shape, std::span<const float> values,
                                const std::string &like) {
    return constant(shape, kFloat, bytes_of(values), like);
}

std::string GraphWriter::integers(const std::vector<std::int64_t> &values) {
    return constant({static_cast<std::int64_t>(values.size())}, kInt64,
                    bytes_of(std::span<const std::int64_t>(values)), "integers");
}

std::string GraphWriter::integer(std::int64_t value) {
    return constant({}, kInt64, bytes_of(std::span<const std::int64_t>(&value, 1)), "integer");
}

void GraphWriter::input(const std::string &name, const std::vector<Dimension> &shape) {
    names_.insert(name);
    inputs_.push_back(value_info(name, shape));
}

void GraphWriter::output(const std::string &name, const std::vector<Dimension> &shape) {
    outputs_.push_back(value_info(name, shape));
}

std::string GraphWriter::model(const std::string &name, const std::string &note) const {
    Message graph, operators, out;
    for (const auto &node : nodes_) graph.message(1, node);
    graph.text(2, name);
    for (const auto &initializer : initializers_) graph.message(5, initializer);
    for (const auto &input : inputs_) graph.message(11, input);
    for (const auto &output : outputs_) graph.message(12, output);
    operators.text(1, "");
    operators.integer(2, kOperators);
    out.integer(1, kIrVersion);
    out.text(2, "Mirra");
    out.text(3, MIRRA_TRAINER_VERSION);
    out.text(6, note);
    out.message(7, graph);
    out.message(8, operators);
    constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
    if (out.bytes().size() > kMost)
        throw Error(ErrorCode::limit, "the network takes more than the 2 GiB that a file of ONNX holds", name,
                    "export a smaller one");
    return out.bytes();
}

} // namespace mirra::trainer::onnx
