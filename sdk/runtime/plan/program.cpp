// A convolution swallows what follows it; what nobody reads on is released.
#include "runtime/plan/program.hpp"

#include "runtime/rows/winograd.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

bool doubles(const g::Node &node) {
    return node.op == g::Op::upsample_nearest && node.integer("factor") == 2;
}

/// Whether the convolution and a doubling before it are one transposed convolution.
bool takes_doubling(const g::Node &node) {
    return node.op == g::Op::conv2d && node.integer("kernel") == 3 && node.integer("stride") == 1 &&
           node.integer("padding") == 1 && node.integer("dilation") == 1 && node.integer("groups") == 1;
}

/// Whether oneDNN applies the function to what it convolves.
bool follows_convolution(g::Op op) {
    return op == g::Op::silu || op == g::Op::gelu || op == g::Op::leaky_relu;
}

class Lowering {
  public:
    Lowering(const g::Graph &graph, bool gradient) : graph_(graph), gradient_(gradient) {
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
            places_[graph.nodes[i].name] = i;
            for (const auto &input : graph.nodes[i].inputs) readers_[input].push_back(i);
        }
        for (const auto &output : graph.outputs) kept_.insert(output.source);
    }

    Program run() {
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
            if (!fused_.contains(i) && is_convolution(graph_.nodes[i].op)) fuse(i);
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
            if (graph_.nodes[i].op == g::Op::tanh) fuse_image_range(i);
        for (auto &[place, step] : at_)
            if (takes_doubling(graph_.nodes[step.node])) fuse_doubling(step);
        Program program;
        for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
            if (const auto found = at_.find(i); found != at_.end())
                program.steps.push_back(found->second);
            else if (!fused_.contains(i))
                program.steps.push_back(plain(i));
        release(program);
        return program;
    }

  private:
    Step plain(std::size_t i) const {
        Step step;
        step.node = i;
        step.result = graph_.nodes[i].name;
        step.inputs = graph_.nodes[i].inputs;
        return step;
    }

    /// The only reader of a value that is no output of the graph.
    std::optional<std::size_t> only_reader(const std::string &value) const {
        const auto found = readers_.find(value);
        if (found == readers_.end() || found->second.size() != 1 || kept_.contains(value))
            return std::nullopt;
        return found->second.front();
    }

    /// The same, unless another convolution has swallowed it: of two that are added one carries the sum.
    std::optional<std::size_t> free_reader(const std::string &value) const {
        const auto reader = only_reader(value);
        return reader && fused_.contains(*reader) ? std::nullopt : reader;
    }

    /// Swallows what follows the convolution; the step stands where the last swallowed node stood, so that a
    /// value added to it is ready.
    void fuse(std::size_t first) {
        Step step = plain(first);
        std::size_t place = first;
        const auto swallow = [&](std::size_t next) {
            fused_.insert(place);
            place = next;
            step.result = graph_.nodes[next].name;
        };
        auto next = free_reader(step.result);
        if (next && graph_.nodes[*next].op == g::Op::batch_norm) {
            step.batch_norm = next;
            swallow(*next);
            next = free_reader(step.result);
        }
        if (next && can_add(*next, step, first)) {
            const auto &inputs = graph_.nodes[*next].inputs;
            const auto &addend = inputs[0] == step.result ? inputs[1] : inputs[0];
            step.addend = addend;
            step.inputs.push_back(addend);
            swallow(*next);
            next = free_reader(step.result);
        }
        if (next && graph_.nodes[*next].op == g::Op::relu) {
            step.relu = true;
            swallow(*next);
        } else if (next && !step.addend && !gradient_ && follows_convolution(graph_.nodes[*next].op)) {
            step.curve = next;
            swallow(*next);
        }
        fused_.insert(place);
        at_[place] = std::move(step);
    }

    bool can_add(std::size_t next, const Step &step, std::size_t first) const {
        const auto &node = graph_.nodes[next];
        return node.op == g::Op::add && graph_.nodes[first].op == g::Op::conv2d &&
               node.inputs[0] != node.inputs[1] &&
               (node.inputs[0] == step.result || node.inputs[1] == step.result);
    }

    /// The convolution that is the only one to read an enlarged value enlarges by itself.
    void fuse_doubling(Step &step) {
        const auto source = places_.find(graph_.nodes[step.node].inputs.front());
        if (source == places_.end() || step.addend) return;
        const auto doubling = source->second;
        if (!doubles(graph_.nodes[doubling]) || !only_reader(source->first)) return;
        step.doubled = true;
        step.inputs = graph_.nodes[doubling].inputs;
        fused_.insert(doubling);
    }

    /// (tanh(y) + 1) / 2 = sigmoid(2 y), where y comes from a convolution that can double it.
    void fuse_image_range(std::size_t tanh) {
        const auto &node = graph_.nodes[tanh];
        const auto shift = only_reader(node.name);
        if (!shift || !is_shift_to_unit(graph_.nodes[*shift]) || only_reader(node.inputs[0]) != tanh) return;
        const auto place = places_.find(node.inputs[0]);
        const auto source = place == places_.end() ? at_.end() : at_.find(place->second);
        if (source == at_.end() || source->second.result != node.inputs[0] || source->second.relu ||
            source->second.curve || source->second.addend)
            return;
        source->second.gain = 2;
        Step step = plain(tanh);
        step.image_range = true;
        step.result = graph_.nodes[*shift].name;
        fused_.insert(*shift);
        at_[tanh] = std::move(step);
    }

    static bool is_shift_to_unit(const g::Node &node) {
        const auto all = [&](const char *key, double value) {
            return std::ranges::all_of(node.reals(key), [&](double each) { return each == value; });
        };
        return node.op == g::Op::normalise && all("mean", -1) && all("deviation", 2);
    }

    void release(Program &program) const {
        std::map<std::string, std::size_t> last;
        for (std::size_t i = 0; i < program.steps.size(); ++i)
            for (const auto &input : program.steps[i].inputs) last[input] = i;
        for (const auto &[value, index] : last)
            if (!kept_.contains(value)) program.steps[index].released.push_back(value);
    }

    const g::Graph &graph_;
    const bool gradient_;
    std::unordered_map<std::string, std::size_t> places_; ///< of nodes, by name
    std::unordered_map<std::string, std::vector<std::size_t>> readers_;
    std::unordered_set<std::string> kept_;
    std::set<std::size_t> fused_;
    std::map<std::size_t, Step> at_;
};

constexpr std::int64_t kColors = 3;

/// A convolution of 3x3 whose result is as large as its input.
bool is_padded_window(const g::Node &node) {
    return node.op == g::Op::conv2d && node.integer("kernel") == 3 && node.integer("stride") == 1 &&
           node.integer("padding") == 1 && node.integer("dilation") == 1 && node.integer("groups") == 1;
}

bool is_three_channel_convolution(const g::Node &node) {
    return is_padded_window(node) && node.integer("in_channels") == kColors &&
           node.integer("out_channels") == kColors;
}

bool computes_in_phases(const g::Node &node) {
    constexpr std::int64_t kFewChannels = 4;
    return node.op == g::Op::conv_transpose2d && node.integer("kernel") == 4 && node.integer("stride") == 2 &&
           node.integer("padding") == 1 && node.integer("output_padding") == 0 &&
           node.integer("out_channels") <= kFewChannels;
}

g::Node phase_convolution(const g::Node &transposed) {
    g::Node node;
    node.name = transposed.name;
    node.op = g::Op::conv2d;
    node.inputs = transposed.inputs;
    node.attributes = {{"in_channels", transposed.integer("in_channels")},
                       {"out_channels", kPhaseBlock},
                       {"kernel", std::int64_t{3}},
                       {"padding", std::int64_t{1}}};
    return node;
}

} // namespace

Program lower(const g::Graph &graph, bool gradient) {
    return Lowering(graph, gradient).run();
}

g::Node kernel_node(const g::Graph &graph, const Step &step) {
    const auto &convolution = graph.nodes[step.node];
    if (!step.doubled) return convolution;
    auto node = convolution;
    node.op = g::Op::conv_transpose2d;
    node.inputs = step.inputs;
    node.attributes = {{"in_channels", convolution.integer("in_channels")},
                       {"out_channels", convolution.integer("out_channels")},
                       {"kernel", std::int64_t{4}},
                       {"stride", std::int64_t{2}},
                       {"padding", std::int64_t{1}},
                       {"output_padding", std::int64_t{0}}};
    return node;
}

Kernel kernel_of(const g::Node &node, const Step &step, Precision precision) {
    if (step.addend) return Kernel::general;
    if (precision != Precision::fp16 && !step.curve && is_three_channel_convolution(node))
        return Kernel::three_channels;
    return computes_in_phases(node) ? Kernel::phases : Kernel::general;
}

bool filters_by_winograd(const g::Node &node, const Step &step, bool fp32) {
    // Fewer channels are transformed for longer than they are multiplied; a weight of more does not stay in
    // the caches.
    constexpr std::int64_t kFewest = 12, kLeast = 576, kMost = 65536;
    if (!fp32 || step.curve || !WinogradFilter::supported() || !is_padded_window(node)) return false;
    const auto inputs = node.integer("in_channels"), outputs = node.integer("out_channels");
    return std::min(inputs, outputs) >= kFewest && inputs * outputs >= kLeast && inputs * outputs <= kMost;
}

bool is_convolution(g::Op op) {
    return op == g::Op::conv2d || op == g::Op::conv_transpose2d;
}

g::Node computed_node(const g::Node &node, Kernel kernel) {
    return kernel == Kernel::phases ? phase_convolution(node) : node;
}

std::string weight_key(const g::Graph &graph, const Step &step, Kernel kernel) {
    const auto &node = graph.nodes[step.node];
    std::ostringstream key;
    key << static_cast<int>(node.op) << ' ' << static_cast<int>(kernel) << ' ' << step.gain << ' '
        << step.doubled << '\n';
    const auto add_names = [&key](const g::Node &of) {
        for (const auto &[role, tensor] : of.weights) key << role << ' ' << tensor << '\n';
    };
    add_names(node);
    if (step.batch_norm) {
        const auto &norm = graph.nodes[*step.batch_norm];
        key << std::hexfloat << norm.real("epsilon") << '\n';
        add_names(norm);
    }
    return std::move(key).str();
}

std::string packing_key(const g::Graph &graph, const Step &step, Kernel kernel) {
    const auto node = computed_node(kernel_node(graph, step), kernel);
    std::ostringstream key;
    key << weight_key(graph, step, kernel) << node.integer("stride") << ' ' << node.integer("padding");
    if (node.op == g::Op::conv2d) key << ' ' << node.integer("dilation") << ' ' << node.integer("groups");
    if (node.op == g::Op::conv_transpose2d) key << ' ' << node.integer("output_padding");
    return std::move(key).str();
}

} // namespace mirra::runtime
