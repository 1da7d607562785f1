// Graphs compiled for the sessions of an engine.
#include "compiled_graphs.hpp"

#include "bundle_fault.hpp"
#include "mirra/cpu_device.hpp"
#include "mirra/tiling.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

runtime::WeightSource weights_of(const bundle::Bundle &bundle, const graph::Graph &network,
                                 const Look &look) {
    return [&bundle, look, shapes = graph::weight_shapes(network)](const std::string &name) {
        if (look) look();
        return runtime::Weight{shapes.at(name), bundle.weight(name)};
    };
}

/// Stands for the network and its weights. (Writing the graph as JSON would cost more than a small run.)
std::string key_of(const bundle::Bundle &bundle, const std::string &graph) {
    return bundle.sha256() + '\n' + bundle.manifest_json() + '\n' + graph + '\n';
}

/// What is in the cache and alive under that key, or made anew.
template<class Cache, class Make> auto shared(Cache &cache, const std::string &key, const Make &make) {
    std::erase_if(cache, [](const auto &entry) { return entry.second.expired(); });
    if (const auto found = cache.find(key); found != cache.end()) {
        if (auto alive = found->second.lock()) return alive;
    }
    auto made = make();
    cache[key] = made;
    return made;
}

} // namespace

std::shared_ptr<CheckedExecutable>
CompiledGraphs::executable(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                           const runtime::CompileOptions &options, const Look &look) {
    const graph::Graph &network = bundle->graph(graph);
    const std::string key =
        key_of(*bundle, graph) + options.device + '\n' + std::string(precision_name(options.precision));
    const std::lock_guard lock(mutex_);
    return shared(executables_, key, [&] {
        return std::make_shared<CheckedExecutable>(about_bundle(network, [&] {
            return loader_.module().compile(network, weights_of(*bundle, network, look), options);
        }));
    });
}

std::uint64_t RetainedGraph::bytes() const {
    return weights + (arena == nullptr ? 0 : arena->current_bytes());
}

RetainedGraph CompiledGraphs::retained(const std::shared_ptr<const bundle::Bundle> &bundle,
                                       const std::string &graph, const runtime::CompileOptions &options) {
    constexpr std::size_t kMost = 4;
    const auto wanted = executable(bundle, graph, options);
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(retained_, wanted, &RetainedGraph::executable);
    RetainedGraph out =
        found == retained_.end()
            ? RetainedGraph{wanted, nullptr,
                            runtime::compiled_bytes(bundle->graph(graph), options.precision, false).held}
            : *found;
    if (out.arena == nullptr) out.arena = loader_.make_arena(options.device, 0);
    if (found != retained_.end()) retained_.erase(found);
    retained_.push_front(out);
    if (retained_.size() > kMost) retained_.pop_back();
    return out;
}

void CompiledGraphs::trim(std::uint64_t most) noexcept {
    const std::lock_guard lock(mutex_);
    std::uint64_t left = most;
    for (auto each = retained_.begin(); each != retained_.end();) {
        if (each->bytes() > left) each->arena.reset();
        if (each->bytes() > left) {
            each = retained_.erase(each);
        } else {
            left -= each->bytes();
            ++each;
        }
    }
}

void CompiledGraphs::trim() noexcept {
    constexpr std::uint64_t kShare = 8;
    trim(runtime::cpu_device().memory / kShare);
}

std::shared_ptr<CheckedDifferentiable>
CompiledGraphs::differentiable(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                               const std::string &device, const Look &look) {
    const graph::Graph &network = bundle->graph(graph);
    const std::string key = key_of(*bundle, graph) + device;
    const std::lock_guard lock(mutex_);
    return shared(differentiables_, key, [&] {
        return std::make_shared<CheckedDifferentiable>(about_bundle(network, [&] {
            return loader_.module().compile_gradient(network, weights_of(*bundle, network, look), device);
        }));
    });
}

} // namespace mirra::host
