// Upper bound on the memory of a run: the lowered program is played through with sizes instead of tensors.
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/plan/program.hpp"

#include <algorithm>
#include <memory>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

constexpr std::uint64_t kKernelScratch = std::uint64_t{24}
                                         << 20; ///< oneDNN's buffers, which no graph tells of

std::uint64_t elements(const g::Shape &shape) {
    std::uint64_t count = 1;
    for (const auto extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

/// Blocks of the arena are a little larger than what they hold.
std::uint64_t block(std::uint64_t bytes) {
    return bytes + bytes / 8 + 4096;
}

/// Ops whose result is a part of their input's memory.
bool is_view(g::Op op) {
    return op == g::Op::channel_slice || op == g::Op::crop || op == g::Op::flatten;
}

bool is_convolution(g::Op op) {
    return op == g::Op::conv2d || op == g::Op::conv_transpose2d;
}

class Simulation {
  public:
    Simulation(const g::Graph &graph, const Program &program, const std::map<std::string, g::Shape> &inputs,
               Precision precision)
        : graph_(graph)
        , program_(program)
        , shapes_(g::infer_shapes(graph, inputs))
        , value_bytes_(precision == Precision::fp32 ? 4 : 2) {
        // The caller keeps its inputs during the run, and each may be copied to channels-last.
        for (const auto &input : graph.inputs) hold(input.name, 2 * sizeof(float));
    }

    std::uint64_t peak() {
        for (const auto &step : program_.steps) play(step);
        // Outputs leave the run as fp32 copies.
        for (const auto &output : graph_.outputs) live_ += block(elements(shapes_.at(output.source)) * 4);
        return std::max(peak_, live_);
    }

  private:
    /// Memory that one or several values share.
    struct Memory {
        std::uint64_t bytes = 0;
        int values = 0;
        bool is_input = false;
    };

    void hold(const std::string &value, std::uint64_t bytes_per_value) {
        const auto bytes = block(elements(shapes_.at(value)) * bytes_per_value);
        const bool is_input = std::ranges::find(graph_.inputs, value, &g::Input::name) != graph_.inputs.end();
        memory_[value] = std::make_shared<Memory>(Memory{bytes, 1, is_input});
        live_ += bytes;
        peak_ = std::max(peak_, live_);
    }

    void share(const std::string &value, const std::string &source) {
        memory_[value] = memory_.at(source);
        ++memory_[value]->values;
    }

    void release(const std::string &value) {
        auto &memory = *memory_.at(value);
        if (--memory.values == 0 && !memory.is_input) live_ -= memory.bytes;
    }

    /// Whether the executable may write over this value.
    [[nodiscard]] bool reusable(const Step &step, const std::string &value) const {
        const auto &memory = *memory_.at(value);
        return std::ranges::find(step.released, value) != step.released.end() && !memory.is_input &&
               memory.values == 1 && shapes_.at(value) == shapes_.at(step.result);
    }

    /// The value whose memory the step's result takes over, or nothing.
    [[nodiscard]] const std::string *reused(const Step &step) const {
        const auto &node = graph_.nodes[step.node];
        if (step.image_range && value_bytes_ != 4) return nullptr; // widened to fp32
        if (step.addend)
            return *step.addend != node.inputs[0] && reusable(step, *step.addend) ? &*step.addend : nullptr;
        if (!works_in_place(node.op)) return nullptr;
        for (const auto &input : node.inputs)
            if (reusable(step, input)) return &input;
        return nullptr;
    }

    /// What a step holds beside its inputs and its result.
    [[nodiscard]] std::uint64_t temporaries(const Step &step) const {
        const auto node = kernel_node(graph_, step);
        const auto result = elements(shapes_.at(step.result)),
                   input = elements(shapes_.at(step.inputs.front()));
        constexpr std::uint64_t kIndexBytes = 8;
        if (node.op == g::Op::max_pool) return block(result * kIndexBytes);
        if (node.op == g::Op::normalise || node.op == g::Op::flatten) return block(result * 4);
        if (!is_convolution(node.op)) return 0;
        // Reduced precision converts an fp32 input first, and adds to an fp32 addend through a copy.
        const auto converted = value_bytes_ == 4 ? 0 : block(input * value_bytes_);
        return converted + (step.addend ? block(result * 4) : 0) + padded_result(node);
    }

    /// Transposed convolutions compute in blocks of channels and copy what is wanted of them.
    [[nodiscard]] std::uint64_t padded_result(const g::Node &node) const {
        constexpr std::uint64_t kBlock = 16;
        const auto &shape = shapes_.at(node.name);
        const auto channels = static_cast<std::uint64_t>(shape[1]);
        if (node.op != g::Op::conv_transpose2d || channels % kBlock == 0) return 0;
        if (computes_in_phases(node)) return block(elements(shape) / channels / 4 * kBlock * 4);
        return block(elements(shape) / channels * ((channels + kBlock - 1) / kBlock * kBlock) * 4);
    }

    void play(const Step &step) {
        const auto &node = graph_.nodes[step.node];
        const auto *taken = reused(step);
        if (taken) {
            peak_ = std::max(peak_, live_ + temporaries(step));
            share(step.result, *taken);
        } else if (is_view(node.op)) {
            peak_ = std::max(peak_, live_ + temporaries(step));
            if (node.op == g::Op::flatten)
                hold(step.result, 4); // a copy where the memory format asks for one
            else
                share(step.result, node.inputs.front());
        } else {
            peak_ = std::max(peak_, live_ + temporaries(step) + block(elements(shapes_.at(step.result)) * 4));
            // Only convolutions reduce precision; the others hand on that of their inputs, which may be fp32.
            hold(step.result, is_convolution(node.op) ? value_bytes_ : 4);
        }
        for (const auto &value : step.released) release(value);
    }

    const g::Graph &graph_;
    const Program &program_;
    std::map<std::string, g::Shape> shapes_;
    std::uint64_t value_bytes_;
    std::map<std::string, std::shared_ptr<Memory>> memory_;
    std::uint64_t live_ = 0, peak_ = 0;
};

/// What the kernels' weights have beyond the graph's: a doubled convolution has 4 x 4 taps for 3 x 3.
std::uint64_t added_weights(const g::Graph &graph, const Program &program) {
    constexpr std::uint64_t kAddedTaps = 4 * 4 - 3 * 3;
    std::uint64_t count = 0;
    for (const auto &step : program.steps) {
        const auto &node = graph.nodes[step.node];
        if (step.doubled)
            count += static_cast<std::uint64_t>(node.integer("in_channels") * node.integer("out_channels")) *
                     kAddedTaps;
    }
    return count;
}

/// Once more while a weight is packed for another size.
std::uint64_t weight_bytes(const g::Graph &graph, const Program &program) {
    return (weight_count(graph) + added_weights(graph, program)) * sizeof(float) * (kWeightCopies + 1);
}

} // namespace

std::uint64_t weight_count(const g::Graph &graph) {
    std::uint64_t count = 0;
    for (const auto &[name, shape] : g::weight_shapes(graph)) count += elements(shape);
    return count;
}

std::uint64_t estimate_gradient_memory(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs) {
    // What the way back reads stays: at most every value and where each maximum was. Besides it holds the
    // gradients of a few values at a time.
    constexpr std::uint64_t kIndexBytes = 8, kGradientsAtOnce = 4;
    constexpr std::uint64_t kWays = 2; // convolutions back have weights of their own
    const auto shapes = g::infer_shapes(graph, inputs);
    std::uint64_t kept = 0, largest = 0;
    for (const auto &[name, shape] : shapes) {
        const auto bytes = block(elements(shape) * sizeof(float));
        kept += bytes;
        largest = std::max(largest, bytes);
    }
    for (const auto &input : graph.inputs) kept += block(elements(shapes.at(input.name)) * sizeof(float));
    for (const auto &node : graph.nodes)
        if (node.op == g::Op::max_pool) kept += block(elements(shapes.at(node.name)) * kIndexBytes);
    return kept + kGradientsAtOnce * largest + kWays * weight_bytes(graph, lower(graph)) + kKernelScratch;
}

std::uint64_t estimate_memory(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs,
                              Precision precision) {
    const auto program = lower(graph);
    return Simulation(graph, program, inputs, precision).peak() + weight_bytes(graph, program) +
           kKernelScratch;
}

} // namespace mirra::runtime
