// How a session's memory limit is divided.
#include "budget.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

/// For what no one counts: stacks of the kernels' threads, the allocator's own needs, code that is paged in.
constexpr std::uint64_t kSlack = 24U << 20;

std::uint64_t weight_count(const graph::Graph &graph) {
    std::uint64_t count = 0;
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        std::uint64_t elements = 1;
        for (const std::int64_t extent : shape) elements *= static_cast<std::uint64_t>(extent);
        count += elements;
    }
    return count;
}

/// The mapped file, and the values converted from it.
std::uint64_t bundle_bytes(const bundle::Bundle &bundle) {
    std::uint64_t bytes = 0;
    for (const auto &[name, tensor] : bundle.file().tensors()) {
        bytes += tensor.bytes.size();
        if (tensor.dtype != bundle::DType::f32)
            bytes += tensor.bytes.size() / bundle::size_of(tensor.dtype) * 4;
    }
    return bytes;
}

runtime::TilingOptions tiling_options(const SessionState &session, const Setup &setup) {
    runtime::TilingOptions options;
    options.precision = session.precision.precision;
    options.largest_tile = session.options.tile_size;
    options.extra_per_pixel = setup.extra_bytes_per_pixel + kBufferBytesPerPixel;
    return options;
}

/// What the network sees of the smallest tile along one axis of `size` pixels: one block of the grid and its
/// halo.
std::int64_t smallest_extent(const graph::Graph &graph, const graph::Halo &halo, std::int64_t size,
                             bool vertical) {
    const std::int64_t step = graph::alignment(graph);
    const auto up = [&](std::int64_t x) { return (x + step - 1) / step * step; };
    const std::int64_t whole = std::max(up(size), graph::minimum_extent(graph));
    if (halo.unbounded) return whole;
    const std::int64_t around = up(vertical ? halo.top : halo.left) + up(vertical ? halo.bottom : halo.right);
    return std::min(whole, std::max(step + around, graph::minimum_extent(graph)));
}

} // namespace

graph::Graph governing_graph(const SessionState &session, const Setup &setup) {
    if (!setup.graph.empty()) {
        if (session.bundle != nullptr) return session.bundle->graph(setup.graph);
        throw Error(ErrorCode::mismatch,
                    "the task wants the graph '" + setup.graph + "' but the session has no bundle", "bundle",
                    "Give the session a bundle.");
    }
    graph::Builder builder("pixels");
    builder.output("image", builder.input("image", 3));
    return builder.finish();
}

Budget divide_memory(SessionState &session, std::uint64_t reserved) {
    Budget budget;
    budget.base = session.engine->runtime_status().base_bytes;
    budget.fixed =
        budget.base + kSlack + reserved + (session.bundle == nullptr ? 0 : bundle_bytes(*session.bundle));
    const std::uint64_t limit = session.options.memory_limit;
    // One byte: too little for anything, so that planning fails and says what would do.
    if (limit != 0) budget.available = limit > budget.fixed ? limit - budget.fixed : 1;
    return budget;
}

runtime::TilePlan plan_run(const SessionState &session, const Setup &setup, const Budget &budget,
                           std::int64_t width, std::int64_t height) {
    runtime::TilingOptions options = tiling_options(session, setup);
    options.budget = budget.available;
    try {
        return runtime::plan_tiles(governing_graph(session, setup), width, height, options);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::budget) throw;
        const std::uint64_t needed = required_limit(session, setup, budget, width, height);
        throw Error(ErrorCode::budget,
                    "the memory limit of " + std::to_string(session.options.memory_limit) +
                        " bytes is too small: " + std::to_string(needed) + " bytes are needed, of which " +
                        std::to_string(budget.base) + " are the runtime's library",
                    "memory_limit", "Raise memory_limit to at least " + std::to_string(needed) + ".");
    }
}

std::uint64_t required_limit(const SessionState &session, const Setup &setup, const Budget &budget,
                             std::int64_t width, std::int64_t height) {
    const graph::Graph graph = governing_graph(session, setup);
    const graph::Halo halo = graph::receptive_field(graph);
    const std::int64_t columns = smallest_extent(graph, halo, width, false);
    const std::int64_t rows = smallest_extent(graph, halo, height, true);
    std::map<std::string, graph::Shape> shapes;
    for (const graph::Input &input : graph.inputs) shapes[input.name] = {1, input.channels, rows, columns};
    return budget.fixed + runtime::estimate_memory(graph, shapes, session.precision.precision) +
           tiling_options(session, setup).extra_per_pixel * static_cast<std::uint64_t>(columns * rows);
}

std::uint64_t arena_limit(const SessionState &session, const Setup &setup, const Budget &budget,
                          const runtime::TilePlan &plan) {
    if (budget.available == 0) return 0;
    const std::uint64_t pixels = static_cast<std::uint64_t>(plan.input_width * plan.input_height);
    const std::uint64_t weight_bytes = session.precision.precision == runtime::Precision::fp32 ? 4 : 2;
    const std::uint64_t others =
        pixels * kBufferBytesPerPixel + weight_count(governing_graph(session, setup)) * weight_bytes;
    return budget.available > others ? budget.available - others : 1;
}

} // namespace mirra::host
