// What a session holds.
#include "session_state.hpp"

#include "c_error.hpp"

#include <cfenv>

namespace mirra::host {
namespace {

class FloatingPoint {
  public:
    FloatingPoint() { std::fegetenv(&environment_); }
    FloatingPoint(const FloatingPoint &) = delete;
    FloatingPoint &operator=(const FloatingPoint &) = delete;
    ~FloatingPoint() { std::fesetenv(&environment_); }

  private:
    std::fenv_t environment_{};
};

} // namespace

const std::shared_ptr<runtime::Executable> &SessionState::executable(const std::string &graph) {
    const auto found = executables.find(graph);
    if (found != executables.end()) return found->second;
    check_bundle(graph);
    return executables[graph] = engine->compiled(bundle, graph, {device, precision.precision});
}

const std::shared_ptr<runtime::Differentiable> &SessionState::differentiable(const std::string &graph) {
    const auto found = differentiables.find(graph);
    if (found != differentiables.end()) return found->second;
    check_bundle(graph);
    return differentiables[graph] = engine->compiled_gradient(bundle, graph, device);
}

void SessionState::check_bundle(const std::string &graph) const {
    if (bundle != nullptr) return;
    throw Error(ErrorCode::not_found,
                "the task wants the graph '" + graph + "' but the session has no bundle", graph,
                "Give the session a bundle.");
}

const Parameter &SessionState::parameter(const std::string &name) const {
    std::string names;
    for (const Parameter &parameter : entry.task->info.parameters) {
        if (parameter.name == name) return parameter;
        names += (names.empty() ? "" : ", ") + parameter.name;
    }
    throw Error(ErrorCode::not_found,
                "the task '" + entry.task->info.name + "' has no parameter '" + name + "'", name,
                names.empty() ? "It has none." : "Its parameters are: " + names + ".");
}

std::uint64_t elements(const graph::Shape &shape) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
    return count;
}

void DestroyInstance::operator()(void *instance) const noexcept {
    guard(nullptr, [&] { destroy(instance); });
}

void call_plugin(const std::string &what, const std::function<mirra_status(mirra_error **)> &function) {
    mirra_error *error = nullptr;
    mirra_status status = MIRRA_E_PLUGIN;
    const FloatingPoint kept; // rounding and flushing are the caller's, whatever the plugin sets
    try {
        status = function(&error);
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
        destroy_error(error);
        throw Error(ErrorCode::plugin, what + " threw an exception, which a plugin must not do");
    }
    if (status != MIRRA_OK) throw_reported(status, error, what);
    destroy_error(error);
}

} // namespace mirra::host
