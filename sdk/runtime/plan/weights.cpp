// Weights by the keys under which the compiler shares them.
#include "runtime/plan/weights.hpp"

#include "runtime/rows/winograd.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

constexpr std::uint64_t kTensor = 1024; ///< an object, what the allocator adds, and their block's alignment

std::uint64_t elements(const g::Shape &shape) {
    std::uint64_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
    return (value + step - 1) / step * step;
}

std::uint64_t count_of(const g::Node &node, const char *key) {
    return static_cast<std::uint64_t>(node.integer(key));
}

std::uint64_t taps_of(const g::Node &node) {
    return count_of(node, "kernel") * count_of(node, "kernel");
}

/// Values of a convolution's weight as oneDNN packs it: in blocks of channels, filled up by zeros.
std::uint64_t packed_values(const g::Node &node) {
    constexpr std::uint64_t kOutputs = 64, kInputs = 16, kGroups = 16;
    const auto groups = node.op == g::Op::conv2d ? count_of(node, "groups") : 1;
    const auto outputs = count_of(node, "out_channels") / groups,
               inputs = count_of(node, "in_channels") / groups;
    if (groups > 1 && outputs == 1 && inputs == 1) return round_up(groups, kGroups) * taps_of(node);
    return groups * round_up(outputs, kOutputs) * round_up(inputs, kInputs) * taps_of(node);
}

/// What oneDNN keeps of a convolution at the sizes of tiles: descriptions and code. It keeps 1,024 of a
/// process.
constexpr std::uint64_t kPrimitive = 128 << 10, kMostPrimitives = 1024 / 3;

class Count {
  public:
    Count(const g::Graph &graph, Precision precision, bool gradient)
        : graph_(graph)
        , precision_(precision)
        , value_bytes_(precision == Precision::fp32 ? 4 : 2)
        , gradient_(gradient) {}

    void add(const Step &step) {
        constexpr std::uint64_t kStep = 12288; // names, attributes, tensors
        out_.held += kStep;
        const auto &node = graph_.nodes[step.node];
        if (is_convolution(node.op)) return add_convolution(step);
        const auto info = g::op_info(node.op).weights;
        for (const auto &[role, tensor] : node.weights)
            if (others_.insert(tensor).second)
                hold(elements(std::ranges::find(info, role, &g::WeightInfo::role)->shape(node)) *
                     sizeof(float));
        std::uint64_t values = 0;
        for (const auto &[name, attribute] : node.attributes)
            if (const auto *reals = std::get_if<std::vector<double>>(&attribute)) values += reals->size();
        if (values > 0) hold(values * sizeof(double));
    }

    [[nodiscard]] WeightBytes result() const { return out_; }

  private:
    void hold(std::uint64_t bytes) { out_.held += bytes + kTensor; }

    void add_convolution(const Step &step) {
        const auto node = kernel_node(graph_, step);
        const auto kernel = kernel_of(node, step, precision_);
        const auto computed = computed_node(node, kernel);
        const auto values = elements(g::op_info(computed.op).weights[0].shape(computed));
        if (prepared_.insert(weight_key(graph_, step, kernel)).second) {
            constexpr std::uint64_t kFilter = 4096;
            hold(values * value_bytes_ + (kernel == Kernel::three_channels ? kFilter : 0));
            hold(count_of(computed, "out_channels") * value_bytes_);
            make(values);
        }
        if (kernel == Kernel::three_channels) return;
        const bool by_winograd = kernel == Kernel::general && !gradient_ &&
                                 filters_by_winograd(node, step, value_bytes_ == sizeof(float));
        const auto packed = packed_values(computed) * value_bytes_;
        out_.making = std::max(out_.making, packed);
        auto &steps = packed_[packing_key(graph_, step, kernel)];
        if (steps++ < kPackedSizes) hold(packed);
        if (steps == 1 && packed_.size() <= kMostPrimitives) hold(kPrimitive);
        if (steps == 1 && by_winograd)
            hold(WinogradFilter::weight_bytes(node.integer("in_channels"), node.integer("out_channels")));
        if (gradient_) add_way_back(computed, values, steps);
    }

    /// Mirrored, and packed for its own inputs; blocks of a strided convolution are filled up.
    void add_way_back(const g::Node &node, std::uint64_t values, std::uint64_t steps) {
        const auto stride = count_of(node, "stride"), kernel = count_of(node, "kernel");
        const auto taps = round_up(kernel, stride) * round_up(kernel, stride);
        const auto outputs = count_of(node, "out_channels"),
                   inputs = round_up(count_of(node, "in_channels"), 16);
        const auto back = std::max(values, outputs * inputs * taps);
        if (steps == 1) hold(back * value_bytes_);
        if (steps <= kPackedSizes) hold(round_up(outputs, 64) * round_up(inputs, 64) * taps * value_bytes_);
        make(back);
    }

    /// The values as they are read, and what folding and rearranging them takes.
    void make(std::uint64_t values) {
        constexpr std::uint64_t kCopies = 4;
        out_.making = std::max(out_.making, kCopies * values * sizeof(float));
    }

    const g::Graph &graph_;
    Precision precision_;
    std::uint64_t value_bytes_;
    bool gradient_;
    WeightBytes out_;
    std::unordered_set<std::string> prepared_, others_;
    std::unordered_map<std::string, std::uint64_t> packed_; ///< how many steps have it
};

} // namespace

WeightBytes weight_bytes(const g::Graph &graph, const Program &program, Precision precision, bool gradient) {
    Count count(graph, precision, gradient);
    for (const auto &step : program.steps) count.add(step);
    return count.result();
}

} // namespace mirra::runtime
