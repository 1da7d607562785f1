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

} // namespace mirra::trainer
