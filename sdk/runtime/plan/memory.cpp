// Upper bound on the memory of a run: the lowered program is played through with sizes instead of tensors.
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/plan/program.hpp"

#include <algorithm>

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

class Simulation {
  public:
    Simulation(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs, Precision precision)
        : graph_(graph)
        , program_(lower(graph))
        , shapes_(g::infer_shapes(graph, inputs))
        , value_bytes_(precision == Precision::fp32 ? 4 : 2) {
        for (const auto &input : graph.inputs) hold(input.name, 4);
    }

    std::uint64_t peak() {
        for (const auto &step : program_.steps) play(step);
        // Outputs leave the run as fp32 copies.
        for (const auto &output : graph_.outputs) live_ += block(elements(shapes_.at(output.source)) * 4);
        return std::max(peak_, live_);
    }

  private:
    void hold(const std::string &value, std::uint64_t bytes_per_value) {
        held_[value] = block(elements(shapes_.at(value)) * bytes_per_value);
        live_ += held_[value];
        peak_ = std::max(peak_, live_);
    }

    /// Reduced-precision convolutions convert fp32 inputs first.
    std::uint64_t conversion(const Step &step) const {
        const auto op = graph_.nodes[step.node].op;
        if (value_bytes_ == 4 || (op != g::Op::conv2d && op != g::Op::conv_transpose2d)) return 0;
        return block(elements(shapes_.at(step.inputs.front())) * value_bytes_);
    }

    void play(const Step &step) {
        const auto &node = graph_.nodes[step.node];
        const bool in_place = (works_in_place(node.op) || step.addend) &&
                              std::ranges::any_of(step.released, [&](const auto &value) {
                                  return shapes_.at(value) == shapes_.at(step.result);
                              });
        if (!in_place) {
            peak_ = std::max(peak_, live_ + conversion(step) + block(elements(shapes_.at(step.result)) * 4));
            hold(step.result, keeps_fp32(node.op) ? 4 : value_bytes_);
        }
        bool reused = in_place;
        for (const auto &value : step.released) {
            if (reused && shapes_.at(value) == shapes_.at(step.result)) {
                held_[step.result] = held_[value];
                reused = false;
            } else {
                live_ -= held_[value];
            }
        }
    }

    /// Ops that hand on the precision of their inputs, which may be the image's fp32.
    static bool keeps_fp32(g::Op op) { return op != g::Op::conv2d && op != g::Op::conv_transpose2d; }

    const g::Graph &graph_;
    Program program_;
    std::map<std::string, g::Shape> shapes_;
    std::uint64_t value_bytes_;
    std::map<std::string, std::uint64_t> held_;
    std::uint64_t live_ = 0, peak_ = 0;
};

std::uint64_t weight_bytes(const g::Graph &graph) {
    std::uint64_t bytes = 0;
    for (const auto &[name, shape] : g::weight_shapes(graph)) bytes += elements(shape) * 4;
    return bytes * 2; // as stored and as packed
}

} // namespace

std::uint64_t estimate_memory(const g::Graph &graph, const std::map<std::string, g::Shape> &inputs,
                              Precision precision) {
    return Simulation(graph, inputs, precision).peak() + weight_bytes(graph) + kKernelScratch;
}

} // namespace mirra::runtime
