// How a session's memory limit is divided.
#include "run_plan.hpp"

#include "bundle_cache.hpp"
#include "bundle_fault.hpp"
#include "host_table.hpp"
#include "mirra/error.hpp"
#include "tile_pixels.hpp"

#include <algorithm>
#include <set>
#include <string>

namespace mirra::host {
namespace {

/// For what no one counts: stacks of the kernels' threads, the allocator's own needs, code that is paged in.
constexpr std::uint64_t kSlack = 40U << 20;
/// The same of a GPU: workspaces of LibTorch's libraries, sizes that are rounded up.
constexpr std::uint64_t kDeviceSlack = 96U << 20;

const bundle::Bundle &bundle_of(const SessionState &session, const std::string &graph) {
    if (session.bundle != nullptr) return *session.bundle;
    throw Error(ErrorCode::mismatch, "the task wants the graph '" + graph + "' but the session has no bundle",
                "bundle", "Give the session a bundle.");
}

/// Bytes per pixel of the host's own buffers for a tile. The processor's tensors are read and written where
/// they lie, in bands; only pieces are brought to floats as a whole. A GPU has samples in and out beside its
/// tensors, but for images that lie in its memory; outputs that are larger than the input, or of a size of
/// their own, take more of them.
std::uint64_t buffer_bytes(const SessionState &session, const Setup &setup) {
    constexpr std::uint64_t kColors = 3 * 4, kAlpha = 4, kSamples = kColors + kAlpha;
    if (session.on_processor())
        return setup.piece_bytes_per_pixel + (setup.piece_bytes_per_pixel == 0 ? 0 : kColors + kAlpha);
    return (setup.read_there ? 0 : kSamples) + (setup.written_there ? 0 : setup.per_input_pixel(kSamples));
}

/// Of the bands in which pixels are brought to floats and back, whatever a tile's size.
std::uint64_t band_bytes(const SessionState &session) {
    constexpr std::uint64_t kBuffers = 2; // colours, and alpha or a copy
    return session.on_processor()
               ? static_cast<std::uint64_t>(threads_of(session)) * kBuffers * kBandValues * sizeof(float)
               : 0;
}

runtime::TilingOptions tiling_options(const SessionState &session, const Setup &setup, const Cut &cut,
                                      const Look &look) {
    constexpr std::int64_t kCachedTile = 256; // of floats in and out, which should stay in caches
    runtime::TilingOptions options;
    options.look = look;
    options.precision = session.precision.precision;
    options.largest_tile = session.options.tile_size;
    // Without a network tiles cost little; what they overlap by should be a small part of them.
    if (options.largest_tile == 0 && (cut.at_once > 1 || !session.has_network()))
        options.largest_tile = kCachedTile + 8 * std::int64_t{setup.halo};
    options.region = cut.region;
    options.at_once = cut.at_once;
    options.multiple = setup.denominator;
    options.extra_per_pixel = setup.extra_bytes_per_pixel + buffer_bytes(session, setup);
    options.whole = setup.whole_image;
    options.halo = setup.halo;
    for (const Setup::Use &use : setup.uses)
        if (use.of_tiles())
            options.others.push_back({&bundle_of(session, use.graph).graph(use.graph), use.gradient});
    return options;
}

struct Beside {
    std::uint64_t bytes = 0, weights = 0, buffers = 0; ///< the latter two of the former
};

/// Of the graphs that run on extents of their own, all at once; and of bands.
Beside beside_tiles(const SessionState &session, const Setup &setup) {
    Beside out;
    out.bytes = out.buffers = band_bytes(session);
    for (const Setup::Use &use : setup.uses) {
        if (use.of_tiles()) continue;
        const graph::Graph &graph = bundle_of(session, use.graph).graph(use.graph);
        std::map<std::string, graph::Shape> inputs;
        for (const graph::Input &input : graph.inputs)
            inputs[input.name] = {use.batch, input.channels, use.height, use.width};
        const auto needed =
            runtime::estimate_memory(graph, inputs, session.precision.precision, use.gradient);
        out.bytes += needed.all();
        out.weights += needed.weights.all();
    }
    return out;
}

/// The graph that governs the tiles; one that does nothing for a task without a graph.
graph::Graph governing_graph(const SessionState &session, const Setup &setup) {
    if (!setup.graph.empty()) return bundle_of(session, setup.graph).graph(setup.graph);
    graph::Builder builder("pixels");
    builder.output("image", builder.input("image", 3));
    return builder.finish();
}

std::shared_ptr<const RunPlan> make_plan(const SessionState &session, const Setup &setup,
                                         const MemoryShares &shares, RunPlan::Key key, const Cut &cut,
                                         const Look &look) {
    const graph::Graph graph = governing_graph(session, setup);
    runtime::TilingOptions options = tiling_options(session, setup, cut, look);
    const Beside beside = beside_tiles(session, setup);
    if (shares.available != 0)
        options.budget = shares.available > beside.bytes ? shares.available - beside.bytes : 1;
    auto plan = std::make_shared<RunPlan>();
    plan->tiles = runtime::plan_tiles(graph, key.width, key.height, options);
    plan->at_once = std::min(cut.at_once, static_cast<std::int64_t>(plan->tiles.tiles.size()));
    plan->tiles.peak_bytes += beside.bytes;
    const auto pixels =
        static_cast<std::uint64_t>(plan->tiles.input_width * plan->tiles.input_height * plan->at_once);
    const std::uint64_t own = setup.extra_bytes + setup.extra_bytes_per_pixel * pixels; // may be tensors
    plan->tensor_bytes = plan->tiles.tensor_bytes + beside.bytes - beside.weights - beside.buffers + own;
    plan->weight_bytes = plan->tiles.weight_bytes + beside.weights;
    if (shares.available != 0 && !session.on_processor()) // whose arena counts all that there is
        plan->arena_bytes = shares.available + shares.fixed - plan->weight_bytes;
    else if (shares.available != 0)
        plan->arena_bytes = shares.available + setup.extra_bytes - plan->weight_bytes - beside.buffers -
                            pixels * buffer_bytes(session, setup);
    constexpr double kWorthWaking = 25e6; // multiplications: about a millisecond of one thread
    const auto add_work = [&](const graph::Graph &each) {
        const auto work = static_cast<double>(
            graph::multiply_accumulates(each, plan->tiles.input_height, plan->tiles.input_width));
        plan->graph_work[each.name] = work;
        plan->tile_work += work;
    };
    add_work(graph);
    for (const Setup::Use &use : setup.uses)
        if (use.of_tiles()) add_work(bundle_of(session, use.graph).graph(use.graph));
    plan->one_thread = setup.uses.empty() && plan->tile_work < kWorthWaking;
    plan->key = std::move(key);
    return plan;
}

/// Calls `body`; errors about one of the graphs that the task runs become errors of the bundle.
template<class Body> auto about_graphs(const SessionState &session, const Setup &setup, const Body &body) {
    try {
        return body();
    } catch (const Error &error) {
        if (session.bundle == nullptr) throw;
        std::set<std::string> names{setup.graph};
        for (const Setup::Use &use : setup.uses) names.insert(use.graph);
        for (const auto &[name, graph] : session.bundle->manifest().graphs)
            if (names.contains(name) && is_about(error, graph)) throw of_bundle(error, graph);
        throw;
    }
}

/// With as many tiles at once as there is memory for.
std::shared_ptr<const RunPlan> fitting_plan(const SessionState &session, const Setup &setup,
                                            const MemoryShares &shares, const RunPlan::Key &key,
                                            const Look &look) {
    for (Cut cut = key.cut;; cut.at_once /= 2) {
        try {
            return make_plan(session, setup, shares, key, cut, look);
        } catch (const Error &error) {
            if (error.code() != ErrorCode::budget || cut.at_once <= 1) throw;
        }
    }
}

std::int64_t with_margin(const Setup &setup, std::int64_t extent) {
    return extent + 2 * std::int64_t{setup.margin};
}

} // namespace

MemoryShares divide_memory(LocalEngine &engine, std::uint64_t limit, const MemoryNeeds &needs) {
    MemoryShares shares;
    if (needs.device != runtime::cpu_device().id) {
        shares.fixed = kDeviceSlack + needs.anywhere;
    } else {
        if (limit != 0) engine.bundles().release_unused();
        shares.base = needs.network ? engine.runtime_status().base_bytes : 0;
        shares.fixed = shares.base + kSlack + needs.process + needs.anywhere +
                       (needs.bundle == nullptr ? 0 : bundle_bytes(*needs.bundle));
    }
    // One byte: too little for anything, so that planning fails and says what would do.
    if (limit != 0) shares.available = limit > shares.fixed ? limit - shares.fixed : 1;
    return shares;
}

std::shared_ptr<const RunPlan> plan_run(SessionState &session, const Setup &setup, const MemoryShares &shares,
                                        std::int64_t width, std::int64_t height, const Cut &cut,
                                        const Look &look) {
    const RunPlan::Key key{setup, shares.available, with_margin(setup, width), with_margin(setup, height),
                           cut};
    if (session.last_plan != nullptr && session.last_plan->key == key) return session.last_plan;
    try {
        return session.last_plan = about_graphs(
                   session, setup, [&] { return fitting_plan(session, setup, shares, key, look); });
    } catch (const Error &error) {
        if (error.code() != ErrorCode::budget) throw;
        const std::uint64_t needed = required_limit(session, setup, shares, width, height, cut);
        const std::string of_which =
            session.on_processor()
                ? " bytes are needed, of which " + std::to_string(shares.base) + " are the runtime's library"
                : " bytes of the GPU's memory are needed";
        throw Error(ErrorCode::budget,
                    "the memory limit of " + std::to_string(session.options.memory_limit) +
                        " bytes is too small: " + std::to_string(needed) + of_which +
                        (setup.whole_image ? "; the task needs the image as one tile" : ""),
                    "memory_limit",
                    raised_limit(needed) + (setup.whole_image ? ", or give a smaller image." : "."));
    }
}

std::string raised_limit(std::uint64_t bytes) {
    constexpr std::uint64_t kMebibyte = 1U << 20U;
    return "Raise memory_limit to at least " + std::to_string(bytes) + " bytes (" +
           std::to_string((bytes + kMebibyte - 1) / kMebibyte) + " MiB)";
}

std::uint64_t required_limit(const SessionState &session, const Setup &setup, const MemoryShares &shares,
                             std::int64_t width, std::int64_t height, Cut cut) {
    cut.at_once = 1;
    return about_graphs(session, setup, [&] {
        return shares.fixed + beside_tiles(session, setup).bytes +
               runtime::smallest_budget(governing_graph(session, setup), with_margin(setup, width),
                                        with_margin(setup, height), tiling_options(session, setup, cut, {}));
    });
}

bool has_room(const SessionState &session, const MemoryShares &shares, const std::string &graph) {
    return shares.available == 0 || session.bundle == nullptr ||
           runtime::compiled_bytes(bundle_of(session, graph).graph(graph), session.precision.precision, false)
                   .all() <= shares.available;
}

} // namespace mirra::host
