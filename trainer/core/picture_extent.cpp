// Asks the graph for its shapes.
#include "core/picture_extent.hpp"

#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

std::string extents_of(const graph::Graph &network) {
    try {
        const auto aligned = graph::alignment(network);
        return (aligned > 1 ? "use multiples of " + std::to_string(aligned) + ", at least "
                            : std::string("use at least ")) +
               std::to_string(graph::minimum_extent(network));
    } catch (const Error &) { // no extent is small enough to be found
        return "use a larger extent";
    }
}

} // namespace

void check_extent(const graph::Graph &network, std::int64_t extent, const std::string &setting) {
    const auto &input = network.inputs.front();
    try {
        static_cast<void>(graph::infer_shapes(network, {{input.name, {1, input.channels, extent, extent}}}));
    } catch (const Error &error) {
        if (error.code() != ErrorCode::mismatch) throw;
        throw Error(ErrorCode::invalid_argument,
                    "the network '" + network.name + "' does not take pictures of " + std::to_string(extent) +
                        " pixels: " + error.what(),
                    setting, extents_of(network));
    }
}

void check_batch(const graph::Graph &network, std::int64_t extent, std::int64_t batch,
                 const std::string &setting) {
    const auto &input = network.inputs.front();
    const auto shapes = graph::infer_shapes(network, {{input.name, {batch, input.channels, extent, extent}}});
    for (const auto &node : network.nodes) {
        const auto &shape = shapes.at(node.name);
        if (node.op == graph::Op::batch_norm && shape[0] * shape[2] * shape[3] < 2)
            throw Error(ErrorCode::invalid_argument,
                        "of pictures of " + std::to_string(extent) +
                            " pixels the network keeps one place, and batch "
                            "norm needs two values: a batch of one picture is too few",
                        setting, "use 2 at least, or larger pictures");
    }
}

} // namespace mirra::trainer
