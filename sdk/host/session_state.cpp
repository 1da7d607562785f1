// What a session holds.
#include "session_state.hpp"

#include "c_error.hpp"
#include "immortal.hpp"
#include "mirra/error.hpp"
#include "run_plan.hpp"
#include "runtime/plain/plain_module.hpp"

#include <algorithm>
#include <bit>

namespace mirra::host {
namespace {

/// What of a request is in mirra_run_info; a profile by its hash.
std::vector<std::int64_t> numbers_of(const RunRequest &request, const std::string &port) {
    std::vector<std::int64_t> numbers{std::bit_cast<std::int64_t>(request.scale), request.frame};
    if (const image::ImageView *image = image_of(request, port); image != nullptr)
        numbers.insert(numbers.end(),
                       {image->width, image->height, image->channels,
                        static_cast<std::int64_t>(image->sample), static_cast<std::int64_t>(image->alpha),
                        static_cast<std::int64_t>(image->transfer)});
    if (const auto profile = request.profiles.find(port); profile != request.profiles.end()) {
        const std::string_view bytes(reinterpret_cast<const char *>(profile->second.data()),
                                     profile->second.size());
        numbers.push_back(static_cast<std::int64_t>(std::hash<std::string_view>()(bytes)));
    }
    return numbers;
}

Look look_of(const RunState *run) {
    if (run == nullptr) return {};
    return [run] { run->look(); };
}

} // namespace

const std::shared_ptr<CheckedExecutable> &SessionState::executable(const std::string &graph, RunState *run) {
    const GraphKey key(graph, false);
    if (run != nullptr) run->used.insert(key);
    const auto found = executables.find(graph);
    if (found != executables.end()) return found->second;
    const std::uint64_t bytes = admit(key, run);
    auto compiled = engine->compiled().executable(bundle, graph, {device, precision.precision}, look_of(run));
    weights[key] = bytes;
    return executables[graph] = std::move(compiled);
}

const std::shared_ptr<CheckedDifferentiable> &SessionState::differentiable(const std::string &graph,
                                                                           RunState *run) {
    const GraphKey key(graph, true);
    if (run != nullptr) run->used.insert(key);
    const auto found = differentiables.find(graph);
    if (found != differentiables.end()) return found->second;
    const std::uint64_t bytes = admit(key, run);
    auto compiled = engine->compiled().differentiable(bundle, graph, device, look_of(run));
    weights[key] = bytes;
    return differentiables[graph] = std::move(compiled);
}

std::uint64_t SessionState::admit(const GraphKey &key, RunState *run) {
    const auto &[graph, gradient] = key;
    if (!has_network())
        throw Error(ErrorCode::plugin, task_text() + " wants the graph '" + graph +
                                           "', but says that it runs no network (MIRRA_TASK_NO_NETWORK)");
    if (bundle == nullptr)
        throw Error(ErrorCode::not_found,
                    "the task wants the graph '" + graph + "' but the session has no bundle", "bundle",
                    "Give the session a bundle.");
    const auto added = runtime::compiled_bytes(bundle->graph(graph), precision.precision, gradient);
    if (run == nullptr || options.memory_limit == 0) return added.held;
    const std::uint64_t planned = last_plan->weight_bytes;
    if (weight_bytes() + added.all() > planned) forget_unused(*run);
    const std::uint64_t all = weight_bytes() + added.all(), beyond = all > planned ? all - planned : 0;
    if (beyond > run->reserved_bytes) {
        run->arena->reserve(beyond - run->reserved_bytes);
        run->reserved_bytes = beyond;
    }
    return added.held;
}

/// By a session between its runs.
constexpr std::uint64_t kMostKept = std::uint64_t{256} << 20;

std::shared_ptr<runtime::Arena> KeptArena::take(const SessionState &session, std::uint64_t limit,
                                                std::uint64_t planned) {
    constexpr auto kAtOnce = std::chrono::seconds(1);
    at_once_ = ended_ && Clock::now() - *ended_ < kAtOnce;
    auto last = std::exchange(arena_, nullptr);
    const bool same = limit == std::exchange(limit_, limit) && planned == std::exchange(planned_, planned);
    if (!same) pixels_ = {};
    if (last == nullptr || !same) return session.make_arena(limit, planned);
    last->begin(limit == 0 ? kMostKept : 0);
    return last;
}

void KeptArena::give(const LocalEngine &engine, std::shared_ptr<runtime::Arena> arena,
                     std::vector<float> pixels) {
    const auto bytes = arena->idle_bytes() + pixels.size() * sizeof(float);
    claim_.reset();
    claim_ = at_once_ && limit_ == 0 && bytes <= kMostKept ? engine.kept().claim(bytes) : nullptr;
    if (claim_ != nullptr) {
        arena_ = std::move(arena);
        pixels_ = std::move(pixels);
    }
    ended_ = Clock::now();
}

runtime::Module &SessionState::module() const {
    static const Immortal<runtime::PlainModule> kPlain;
    return has_network() ? engine->module() : *kPlain;
}

std::shared_ptr<runtime::Arena> SessionState::make_arena(std::uint64_t limit, std::uint64_t keep) const {
    return has_network() ? engine->make_arena(device, limit, keep) : module().make_arena(limit, keep);
}

void SessionState::forget_unused(const RunState &run) {
    const auto unused = [&](bool gradient) {
        return [&run, gradient](const auto &one) { return !run.used.contains({one.first, gradient}); };
    };
    std::erase_if(executables, unused(false));
    std::erase_if(differentiables, unused(true));
    std::erase_if(weights, [&](const auto &one) { return !run.used.contains(one.first); });
}

void SessionState::forget_compiled() {
    executables.clear();
    differentiables.clear();
    weights.clear();
}

std::uint64_t SessionState::weight_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto &[key, held] : weights) bytes += held;
    return bytes;
}

const image::ImageView *image_of(const RunRequest &request, const std::string &port) {
    if (const auto image = request.images.find(port); image != request.images.end()) return &image->second;
    for (const auto *pieces : {&request.sources, &request.sinks})
        if (const auto found = pieces->find(port); found != pieces->end()) return &found->second.description;
    return nullptr;
}

std::vector<std::int64_t> answer_of(PortQuestion::Kind kind, const std::string &port,
                                    const RunRequest *request) {
    if (kind == PortQuestion::Kind::given) return {request != nullptr && request->gives(port) ? 1 : 0};
    if (kind == PortQuestion::Kind::scale)
        return {std::bit_cast<std::int64_t>(request == nullptr ? 1.0 : request->scale)};
    if (request == nullptr) return {};
    if (kind == PortQuestion::Kind::image) return numbers_of(*request, port);
    if (kind == PortQuestion::Kind::tensor_shape) {
        const auto tensor = request->tensors.find(port);
        return tensor == request->tensors.end() ? std::vector<std::int64_t>() : tensor->second.shape;
    }
    const image::ImageView *image = image_of(*request, port);
    if (image == nullptr) return {};
    return {image->width, image->height};
}

bool is_cancelled(const RunRequest &request) {
    return process_ends() ||
           std::ranges::any_of(request.cancels, [](const auto &token) { return token->requested(); });
}

void check_cancelled(const RunRequest &request) {
    if (is_cancelled(request)) throw Error(ErrorCode::cancelled, "the run was cancelled");
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
    const PlainArithmetic arithmetic; // and again after it, whatever the plugin sets
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

void call_plugin(const mirra_context &context, const std::string &what,
                 const std::function<mirra_status(mirra_error **)> &function) {
    try {
        call_plugin(what, function);
    } catch (const Error &) {
        if (context.out_of_memory) throw std::bad_alloc();
        throw;
    }
    if (context.out_of_memory) throw std::bad_alloc();
}

} // namespace mirra::host
