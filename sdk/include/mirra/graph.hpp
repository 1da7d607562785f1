// A network as data: nodes, named inputs and outputs, and what follows from them (shapes, alignment,
// receptive field).
//
// Tensors are NCHW; shapes are {N, C, H, W}, or {N, C} after `flatten` and `linear`. A node has one output,
// known by the node's name. Nodes stand in execution order. All types are values; functions on a const Graph
// are thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace mirra::graph {

using Shape = std::vector<std::int64_t>;
using Attribute = std::variant<std::int64_t, double, std::vector<double>>;

/// Limits that a graph from a file must keep; builders stay far below.
struct Limits {
    static constexpr std::size_t kNodes = 4096;
    static constexpr std::size_t kEdges = 16384; ///< inputs of all nodes together
    static constexpr std::size_t kPorts = 64;
    static constexpr std::size_t kNameLength = 200;
    static constexpr std::size_t kJsonBytes = 4u << 20;
    static constexpr std::int64_t kChannels = 65536;
    static constexpr std::int64_t kExtent = 1 << 20;                 ///< height or width of any tensor
    static constexpr std::int64_t kElements = std::int64_t{1} << 40; ///< elements of one tensor
};

/// The ops. An enumerator, its entry in the op table (sdk/graph/ops.cpp) and its kernel
/// (sdk/runtime/torch/ops.cpp) follow from a name in this list; where one of them is missing nothing
/// compiles.
// clang-format off
#define MIRRA_GRAPH_OPS(OP) \
    OP(conv2d) OP(conv_transpose2d) OP(batch_norm) OP(linear) OP(relu) \
    OP(leaky_relu) OP(tanh) OP(sigmoid) OP(max_pool) OP(avg_pool) \
    OP(global_avg_pool) OP(adaptive_avg_pool) OP(flatten) OP(concat) OP(add) \
    OP(channel_slice) OP(upsample_nearest) OP(reflection_pad) OP(crop) OP(normalise) \
    OP(haar_analysis) OP(haar_synthesis) OP(prelu) OP(silu) OP(gelu) \
    OP(multiply) OP(scale) OP(layer_norm) OP(pixel_shuffle) OP(pixel_unshuffle) \
    OP(upsample_bilinear)
// clang-format on

#define MIRRA_ENUMERATOR(name) name,
enum class Op : std::uint8_t { MIRRA_GRAPH_OPS(MIRRA_ENUMERATOR) };
#undef MIRRA_ENUMERATOR

#define MIRRA_ONE_MORE(name) +1 // NOLINT(bugprone-macro-parentheses): the summands of one sum
inline constexpr std::size_t kOpCount = 0 MIRRA_GRAPH_OPS(MIRRA_ONE_MORE);
#undef MIRRA_ONE_MORE

struct Node {
    std::string name;
    Op op{};
    std::vector<std::string> inputs;             ///< names of graph inputs or of earlier nodes
    std::map<std::string, Attribute> attributes; ///< only those that the op table lists
    std::map<std::string, std::string>
        weights; ///< role ("weight", "bias", …) -> name of the tensor in the bundle

    [[nodiscard]] std::int64_t integer(std::string_view key) const; ///< attribute or its default
    [[nodiscard]] double real(std::string_view key) const;
    [[nodiscard]] const std::vector<double> &reals(std::string_view key) const;
    [[nodiscard]] bool operator==(const Node &) const = default;
};

struct Input {
    std::string name;
    std::int64_t channels = 0;
    [[nodiscard]] bool operator==(const Input &) const = default;
};

struct Output {
    std::string name;
    std::string source; ///< node (or input) whose tensor it is
    [[nodiscard]] bool operator==(const Output &) const = default;
};

struct Graph {
    std::string name;
    std::vector<Input> inputs;
    std::vector<Node> nodes;
    std::vector<Output> outputs;
    [[nodiscard]] bool operator==(const Graph &) const = default;
};

/// How a pixel interval [low, high] of one axis, inclusive, travels against the arrows of the graph.
struct Interval {
    std::int64_t low = 0;
    std::int64_t high = 0;
    bool unbounded = false; ///< depends on the whole axis (global pooling, linear)
};

/// Pixels of input that one aligned block of output needs beyond its own place, per side. See
/// receptive_field().
struct Halo {
    std::int64_t left = 0, top = 0, right = 0, bottom = 0;
    bool unbounded = false; ///< the graph cannot be tiled
};

// ---- op table
// -------------------------------------------------------------------------------------------------

enum class AttributeKind : std::uint8_t { integer, real, reals };

struct AttributeInfo {
    std::string_view name;
    AttributeKind kind = AttributeKind::integer;
    std::optional<double> fallback; ///< absent: the attribute is required
    double minimum = 0, maximum = 0;
};

struct WeightInfo {
    std::string_view role;
    bool required = true;
    Shape (*shape)(const Node &) = nullptr; ///< expected shape of the tensor
    std::optional<double> initial = {};     ///< what a training starts it at; absent: at random
};

/// Input pixels per output pixel along an axis, as a fraction in lowest terms.
struct Scale {
    std::int64_t numerator = 1, denominator = 1;
};

/// A property that has no default: an op that does not state it does not compile.
template<class T> struct Stated {
    T value;
    constexpr Stated(T stated) : value(stated) {}           // NOLINT(google-explicit-constructor)
    constexpr operator T() const noexcept { return value; } // NOLINT(google-explicit-constructor)
};

/// How many inputs an op takes.
struct Arity {
    std::size_t least = 1, most = 1;
};

/// At which places each of an op's weights is multiplied once.
enum class Products : std::uint8_t { none, once, at_outputs, at_inputs };

/// Where an op's result lies.
enum class Storage : std::uint8_t {
    own,          ///< in memory of its own
    over_input,   ///< in that of an input which nobody reads on, where one has the result's size
    view,         ///< in that of its input, of which it is a part
    view_or_copy, ///< in that of its input, or in a copy where the memory format asks for one
};

/// How precise the values of a result are.
enum class ResultPrecision : std::uint8_t {
    of_inputs, ///< as the most precise input
    compiled,  ///< as the graph is compiled
    fp32,
};

/// Memory that a kernel takes beside its inputs and its result.
struct Temporaries {
    std::uint64_t a_value = 0;         ///< bytes for each value of the result
    std::uint64_t a_pixel = 0;         ///< for each pixel of it, which the way back of a gradient reads
    std::uint64_t a_weight = 0;        ///< bytes for each value of its weights, which it converts
    std::uint64_t channel_vectors = 0; ///< vectors of a double for each channel of the first input
    std::uint64_t kept_a_value = 0;    ///< of a_value, what the way back of a gradient reads
};

/// Where the pixels of an op's output lie on those of its inputs.
struct Placement {
    /// The interval of the inputs that one of the output depends on.
    Stated<Interval (*)(const Node &, bool vertical, Interval output)> field;
    Stated<Scale (*)(const Node &)> scale;
};

/// What a run may do with an op's values, and what the op takes.
struct Execution {
    Stated<Storage> storage;
    Stated<ResultPrecision> precision;
    Stated<bool> dense; ///< its result is channels-last without gaps, whatever its inputs are
    Stated<Temporaries> temporaries;
    Stated<bool> gradient_reads_result; ///< so that nothing may be written over it before the way back
};

/// Everything the SDK must know of an op but its kernel. Entries stand in sdk/graph/ops.cpp and
/// op_extents.hpp; the compiler, the executor, the planner and the trainer ask here, and nowhere decide by op
/// what is a property of it.
struct OpInfo {
    Op op{};                    ///< the table's
    std::string_view name = {}; ///< the table's
    Stated<Arity> inputs;
    std::span<const AttributeInfo> attributes = {};
    std::span<const WeightInfo> weights = {};
    /// What attributes of one node, each right by itself, may not be together; null: nothing is wrong.
    const char *(*conflict)(const Node &) = nullptr;
    Stated<Shape (*)(const Node &, std::span<const Shape> inputs)> shape; ///< throws Error mismatch
    Stated<Placement> placement;
    Stated<Products> products;
    Stated<Execution> execution;
};

/// The op table, by Op.
std::span<const OpInfo> ops();
const OpInfo &op_info(Op op);
/// @throws Error unsupported for a name that the table lacks
const OpInfo &op_info(std::string_view name);

// ---- what follows from a graph
// --------------------------------------------------------------------------------

/// Names, arity, attributes, order of nodes, channels, limits. Builders and parse_json() call it.
/// @throws Error corrupt | limit | unsupported, subject = the node
void validate(const Graph &graph);

/// Shape of every tensor (inputs and nodes) by name.
/// @param inputs  shape of each graph input by name, {N, C, H, W}
/// @throws Error mismatch (names the node) | limit
std::map<std::string, Shape> infer_shapes(const Graph &graph, const std::map<std::string, Shape> &inputs);

/// Shapes at one size of the inputs after the other: names are looked up once. For one thread; the graph, a
/// valid one, must outlive it. Tensors are numbered: the graph's inputs, then its nodes.
class ShapeInference {
  public:
    explicit ShapeInference(const Graph &graph);

    /// Shape of every tensor; valid until the next call.
    /// @param inputs  in the order of graph.inputs
    /// @throws Error mismatch (names the node) | limit
    const std::vector<Shape> &infer(std::span<const Shape> inputs);
    [[nodiscard]] std::size_t tensor(const std::string &name) const { return numbers_.at(name); }

  private:
    const Graph &graph_;
    std::unordered_map<std::string, std::size_t> numbers_;
    std::vector<std::vector<std::size_t>> sources_; ///< of each node
    std::vector<Shape> shapes_, arguments_;
};

/// Name and shape of every weight tensor that the graph refers to.
/// @throws Error corrupt if two nodes ask for one tensor with different shapes
std::map<std::string, Shape> weight_shapes(const Graph &graph);

/// Number of trainable values (running statistics of batch norm not counted).
std::int64_t parameter_count(const Graph &graph);

/// Multiply-accumulate operations of one run on an image of 1 x height x width.
std::int64_t multiply_accumulates(const Graph &graph, std::int64_t height, std::int64_t width);

/// How much of a run's work each node has, in their order, in multiply-accumulate operations; an element that
/// is written counts as eight.
/// @param shapes  of all tensors, as ShapeInference::infer() gives them
std::vector<double> node_work(const Graph &graph, const ShapeInference &inference,
                              std::span<const Shape> shapes);

/// Height and width of an input must be padded to multiples of this for the output to keep its place and
/// size: the least common multiple of the strides along all paths.
std::int64_t alignment(const Graph &graph);

/// The smallest aligned extent on which every layer still has a pixel.
std::int64_t minimum_extent(const Graph &graph);

/// What a tile must see beyond its own pixels, so that every tensor has what the outputs of one aligned block
/// of the input want of it, less the block itself. Tiles start and end on the alignment grid.
Halo receptive_field(const Graph &graph);

/// The nodes and inputs that the named output depends on, as a graph whose only output is called `rename`.
/// @throws Error not_found, the hint lists the outputs
Graph part_of(const Graph &graph, std::string_view output, std::string rename);

/// `second`, whose only input is fed by `first`'s only output, behind `first`. Node names must differ.
/// @throws Error mismatch | corrupt
Graph chain(const Graph &first, const Graph &second, std::string name);

/// Input interval that output pixels [low, high] of the named output depend on, along one axis.
Interval input_interval(const Graph &graph, std::string_view output, bool vertical, Interval pixels);

// ---- JSON
// -----------------------------------------------------------------------------------------------------

/// The JSON form that bundles carry; see docs/reference/bundle-format.md. parse_json(to_json(g)) == g.
std::string to_json(const Graph &graph);
/// @throws Error corrupt | limit | unsupported; the result is valid (see validate())
Graph parse_json(std::string_view text);

// ---- building
// -------------------------------------------------------------------------------------------------

/// Appends nodes; every method returns the name of the new tensor. Node names are the last argument's, so
/// that weights are `<node>.weight`, `<node>.bias`, … as in the published state dicts.
class Builder {
  public:
    explicit Builder(std::string name) { graph_.name = std::move(name); }

    struct Conv {
        std::int64_t in = 0, out = 0, kernel = 3, stride = 1, padding = 1;
        bool bias = false;
    };

    std::string input(std::string name, std::int64_t channels);
    std::string conv2d(const std::string &x, const Conv &conv, std::string name);
    std::string conv_transpose2d(const std::string &x, const Conv &conv, std::string name);
    std::string batch_norm(const std::string &x, std::int64_t channels, std::string name);
    std::string linear(const std::string &x, std::int64_t in, std::int64_t out, std::string name);
    std::string relu(const std::string &x, std::string name = {});
    std::string leaky_relu(const std::string &x, double slope, std::string name = {});
    std::string tanh(const std::string &x, std::string name = {});
    std::string sigmoid(const std::string &x, std::string name = {});
    std::string max_pool(const std::string &x, std::int64_t kernel, std::int64_t stride,
                         std::string name = {});
    std::string global_avg_pool(const std::string &x, std::string name = {});
    std::string adaptive_avg_pool(const std::string &x, std::int64_t extent, std::string name = {});
    std::string flatten(const std::string &x, std::string name = {});
    std::string concat(std::vector<std::string> inputs, std::string name = {});
    std::string add(const std::string &a, const std::string &b, std::string name = {});
    std::string channel_slice(const std::string &x, std::int64_t begin, std::int64_t end,
                              std::string name = {});
    std::string upsample_nearest(const std::string &x, std::int64_t factor, std::string name = {});
    std::string reflection_pad(const std::string &x, std::int64_t left, std::int64_t right, std::int64_t top,
                               std::int64_t bottom, std::string name = {});
    /// Takes so many rows and columns away at each side.
    std::string crop(const std::string &x, std::int64_t left, std::int64_t right, std::int64_t top,
                     std::int64_t bottom, std::string name = {});
    /// (x - mean) / deviation per channel.
    std::string normalise(const std::string &x, std::vector<double> mean, std::vector<double> deviation,
                          std::string name = {});
    std::string haar_analysis(const std::string &x, std::string name = {});
    std::string haar_synthesis(const std::string &x, std::string name = {});
    void output(std::string name, std::string source);

    /// @throws Error as validate()
    [[nodiscard]] Graph finish() const;

  private:
    std::string append(Op op, std::vector<std::string> inputs, std::string name,
                       std::map<std::string, Attribute> attributes = {});
    Graph graph_;
};

} // namespace mirra::graph
