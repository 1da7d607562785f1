// A graph lowered for inference: what is fused, what runs in which order, when each value is last used. No
// LibTorch.
#pragma once

#include "mirra/graph.hpp"
#include "mirra/runtime.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mirra::runtime {

/// A step is one kernel call. A convolution may carry the doubling before it, and the batch norm, addition
/// and ReLU that follow it in the graph; without an addition, another function of each value.
struct Step {
    std::size_t node = 0;                  ///< index into graph.nodes: the convolution, or the op itself
    bool doubled = false;                  ///< of its input, enlarged twofold by nearest neighbour
    std::optional<std::size_t> batch_norm; ///< folded into the convolution's weights
    std::optional<std::string> addend;     ///< value added to the convolution's result
    bool relu = false;                     ///< applied last
    std::optional<std::size_t> curve;      ///< node of the function that is applied last
    double gain = 1;                       ///< of the convolution's weights: 2 before image_range
    bool image_range = false; ///< tanh and the shift to [0, 1] behind it: the sigmoid of the doubled value
    std::string result;       ///< name of the value that it yields
    std::vector<std::string> inputs;   ///< values read, the addend included
    std::vector<std::string> released; ///< values that nobody reads after this step
};

/// A program is a graph as it is run: its steps in their order.
struct Program {
    std::vector<Step> steps;
};

/// Fuses where each intermediate value has one reader; the order stays topological.
/// @param gradient  whether there is a way back, which reads what other functions than ReLU are given
Program lower(const graph::Graph &graph, bool gradient = false);

/// Node of the step's kernel: that of the graph, or, for a doubled convolution, the transposed one of kernel
/// 4 and stride 2 that equals both. Each output of the pair reads two by two inputs, so that of its 3 x 3
/// products per output, many of equal inputs, 2 x 2 are left.
graph::Node kernel_node(const graph::Graph &graph, const Step &step);

/// How the processor computes a convolution.
enum class Kernel : std::uint8_t {
    general,        ///< oneDNN's convolution, its weight packed
    three_channels, ///< ours, of 3x3 between three channels
    phases ///< a transposed one as a convolution that gives the four pixels of each doubled position as
           ///< channels: with few channels it takes half the time
};
/// @param node  from kernel_node(); a convolution
Kernel kernel_of(const graph::Node &node, const Step &step, Precision precision);

/// Whether a convolution is computed by WinogradFilter where its picture is large enough, and generally else.
/// @param node  from kernel_node()
bool filters_by_winograd(const graph::Node &node, const Step &step, bool fp32);

/// What the kernel computes: the node, or, for phases, the convolution in its place.
graph::Node computed_node(const graph::Node &node, Kernel kernel);
/// Channels of the result of phases: those of all four, filled up.
inline constexpr std::int64_t kPhaseBlock = 16;

bool is_convolution(graph::Op op);

/// What a convolution's weight and bias follow from: steps with one key have them in common.
std::string weight_key(const graph::Graph &graph, const Step &step, Kernel kernel);
/// The same of the weight packed for the inputs that it meets.
std::string packing_key(const graph::Graph &graph, const Step &step, Kernel kernel);
/// The most sizes of inputs that a weight is packed for at a time, where several steps have it in common. One
/// step by itself keeps the last.
inline constexpr std::uint64_t kPackedSizes = 4;

} // namespace mirra::runtime
