// A session: a task with its bundle on a device, with its parameters set.
#include "bundle_cache.hpp"
#include "c_error.hpp"
#include "names.hpp"
#include "process_life.hpp"
#include "run_plan.hpp"
#include "tile_run.hpp"
#include "value.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

/// Tasks with the same default bundle share their bundles.
bool is_for(const Engine &engine, const bundle::Bundle &bundle, const TaskInfo &task) {
    const std::string name = task.name(), standard = task.info.default_bundle;
    return std::ranges::any_of(engine.tasks(), [&](const TaskInfo *each) {
        return each->name() == bundle.manifest().task &&
               (each->name() == name || each->info.default_bundle == standard);
    });
}

std::string task_text(const std::string &task) {
    return task.empty() ? "no task" : "the task '" + task + "'";
}

std::shared_ptr<const bundle::Bundle> bundle_for(Engine &engine, const TaskInfo &task,
                                                 const SessionOptions &options) {
    const std::string standard = task.info.default_bundle;
    auto bundle = options.bundle;
    if (bundle == nullptr && !standard.empty()) bundle = engine.bundles().open(engine.find_bundle(standard));
    if (bundle != nullptr && !standard.empty() && !is_for(engine, *bundle, task)) {
        throw Error(ErrorCode::mismatch,
                    "the bundle '" + bundle->manifest().name + "' is for " +
                        task_text(bundle->manifest().task) + ", not '" + task.name() + "'",
                    "bundle",
                    bundle->manifest().task.empty()
                        ? "Name the task in the bundle's manifest (\"task\": \"" + task.name() + "\")."
                        : "Use a bundle of this task, or leave it out for the default one.");
    }
    return bundle;
}

/// Of the bundle, or else of the task.
std::map<std::string, Value> defaults_of(const TaskInfo &task, const bundle::Bundle *bundle) {
    std::map<std::string, Value> values;
    for (const mirra_param_info &param : task.params) {
        const auto of_bundle =
            bundle == nullptr ? std::nullopt : manifest_default(bundle->manifest().defaults, param.name);
        values[param.name] = of_bundle ? accept(param, *of_bundle) : default_of(param);
    }
    return values;
}

TaskInstance make_instance(const SessionState &session) {
    const mirra_task &functions = session.entry.task->functions;
    void *instance = nullptr;
    call_plugin(session.task_text() + ": create", [&](mirra_error **error) {
        return functions.create(functions.user, &session.entry.plugin->table(), &instance, error);
    });
    return TaskInstance(instance, {functions.destroy});
}

} // namespace

Session::Session(const std::shared_ptr<Engine> &engine, const SessionOptions &options)
    : state_(std::make_unique<SessionState>()) {
    state_->entry = engine->registered(options.task);
    state_->engine = engine;
    state_->options = options;
    state_->bundle = bundle_for(*engine, task(), options);
    const bundle::Bundle *bundle = state_->bundle.get();
    const runtime::DeviceInfo &device = engine->usable_device(options.device);
    state_->device = device.id;
    state_->precision =
        choose_precision(options.precision, device, bundle == nullptr ? nullptr : &bundle->manifest());
    engine->module();
    state_->values = defaults_of(task(), bundle);
    state_->instance = make_instance(*state_);
    const Setup setup = configure(*state_, {}, nullptr);
    if (setup.graph.empty()) return;
    // Where the limit is too small for it, planning says so.
    const MemoryShares shares = divide_memory(*engine, bundle, options.memory_limit, 0);
    if (has_room(*state_, shares, setup.graph)) state_->executable(setup.graph, nullptr);
}

Session::~Session() = default;

std::shared_ptr<Session> Session::create(const std::shared_ptr<Engine> &engine,
                                         const SessionOptions &options) {
    if (engine == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    if (options.tile_size < 0)
        throw Error(ErrorCode::invalid_argument, "tile_size must not be negative", "tile_size");
    check_not_forked();
    std::shared_ptr<Session> session;
    with_enough_stack([&] { session.reset(new Session(engine, options)); });
    return session;
}

void Session::set(const std::string &name, const Value &value) {
    const Hold hold(*this);
    state_->values[name] = accept(task().param(name), value);
}

void Session::set_text(const std::string &name, const std::string &text) {
    const Hold hold(*this);
    state_->values[name] = parse(task().param(name), text);
}

const Value &Session::get(const std::string &name) const {
    return state_->values.at(task().param(name).name);
}

const TaskInfo &Session::task() const {
    return state_->task();
}

const std::string &Session::device() const {
    return state_->device;
}

const std::string &Session::precision_reason() const {
    return state_->precision.reason;
}

Plan Session::plan(std::int32_t width, std::int32_t height) {
    const Hold hold(*this);
    if (width < 1 || height < 1)
        throw Error(ErrorCode::invalid_argument, "width and height must be at least 1", "width");
    SessionState &state = *state_;
    const Setup setup = configure(state, {width, height}, nullptr);
    const MemoryShares shares =
        divide_memory(*state.engine, state.bundle.get(), state.options.memory_limit, setup.extra_bytes);
    Plan out;
    out.base_bytes = shares.base;
    out.memory_limit = state.options.memory_limit;
    out.precision = state.precision.precision;
    out.required_bytes = required_limit(state, setup, shares, width, height);
    out.fits = out.memory_limit == 0 || out.memory_limit >= out.required_bytes;
    if (!out.fits) return out;
    const auto plan = plan_run(state, setup, shares, width, height);
    const runtime::TilePlan &tiles = plan->tiles;
    out.tile_count = tiles.tiles.size();
    out.peak_bytes = shares.fixed + tiles.peak_bytes;
    if (out.memory_limit == 0 && state.weight_bytes() > plan->weight_bytes) // given back under a limit
        out.peak_bytes += state.weight_bytes() - plan->weight_bytes;
    out.tile_width = tiles.input_width;
    out.tile_height = tiles.input_height;
    out.alignment = tiles.alignment;
    out.halo = tiles.halo;
    return out;
}

std::shared_ptr<const RunResult> Session::run(const RunRequest &request) {
    const Hold hold(*this);
    std::shared_ptr<const RunResult> result;
    with_enough_stack([&] { result = run_acquired(request); });
    return result;
}

std::shared_ptr<const RunResult> Session::run_acquired(const RunRequest &request) {
    const RunUnderWay under_way(&request);
    return run_session(*state_, request);
}

void Session::acquire() {
    check_not_forked();
    if (busy_.exchange(true)) {
        throw Error(ErrorCode::busy, "the session is in use by another call", task().name(),
                    "Wait for the run or job to end, or use a session of its own for each thread.");
    }
}

void Session::release() noexcept {
    busy_.store(false);
}

bool Session::may_wait_for(const RunRequest &run) const noexcept {
    if (Inside::runs() > 0) return Inside::times(&run) == 0;
    return Inside::times(state_->entry.plugin->table().host) == 0; // a thread of the plugin's own, of any run
}

} // namespace mirra::host
