// A lowered program with its weights: batch norm folded in, to be packed.
#pragma once

#include "runtime/onednn/convolution.hpp"
#include "runtime/onednn/ops.hpp"
#include "runtime/plan/program.hpp"
#include "runtime/rows/three_channels.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::runtime::onednn {

/// A step of a program, ready to run: values have places instead of names.
struct CompiledStep {
    std::size_t node = 0;            ///< index into graph.nodes, for those who look on
    graph::Node kernel;              ///< what to compute: the graph's node, or one that stands for it
    std::vector<std::size_t> inputs; ///< places of the values that it reads; the addend last
    std::size_t result = 0;          ///< place of its own
    std::vector<std::size_t> released;

    std::shared_ptr<Convolution> convolution;         ///< null for all other ops, and where there is a filter
    std::shared_ptr<const ThreeChannelFilter> filter; ///< of three channels, in its place
    Type type = Type::f32;                            ///< that it computes in
    bool addend = false, relu = false;
    std::optional<graph::Node> curve;
    std::int64_t phases_of = 0; ///< channels to join the result's phases to; 0: it has none
    bool image_range = false;
    Weights weights; ///< of any other op
};

struct Compiled {
    std::vector<CompiledStep> steps;
    std::size_t places = 0;           ///< of the graph's inputs, which come first, and of all results
    std::vector<std::size_t> outputs; ///< places of the graph's outputs
};

/// @param gradient  whether there is a way back; in fp32 then
/// @throws Error not_found | mismatch (weights)
Compiled compile(const graph::Graph &graph, const WeightSource &weights, Type type, bool gradient = false);

} // namespace mirra::runtime::onednn
