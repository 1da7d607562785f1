// A session: a task with its bundle on a device, with its parameters set.
#include "c_error.hpp"
#include "process_life.hpp"
#include "tile_run.hpp"
#include "value.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

/// Tasks with the same default bundle share their bundles.
bool is_for(const EngineCore &engine, const bundle::Bundle &bundle, const Task &task) {
    return std::ranges::any_of(engine.tasks(), [&](const Task &each) {
        return each.name == bundle.manifest().task &&
               (each.name == task.name || each.default_bundle == task.default_bundle);
    });
}

std::string task_text(const std::string &task) {
    return task.empty() ? "no task" : "the task '" + task + "'";
}

std::shared_ptr<const bundle::Bundle> bundle_for(const EngineCore &engine, const Task &task,
                                                 std::shared_ptr<const bundle::Bundle> given) {
    if (given == nullptr && !task.default_bundle.empty()) {
        given = bundle::Bundle::open(engine.find_bundle(task.default_bundle));
    }
    if (given != nullptr && !task.default_bundle.empty() && !is_for(engine, *given, task)) {
        throw Error(ErrorCode::mismatch,
                    "the bundle '" + given->manifest().name + "' is for " +
                        task_text(given->manifest().task) + ", not '" + task.name + "'",
                    "bundle",
                    given->manifest().task.empty()
                        ? "Name the task in the bundle's manifest (\"task\": \"" + task.name + "\")."
                        : "Use a bundle of this task, or leave it out for the default one.");
    }
    return given;
}

class SessionCore final : public Session {
  public:
    SessionCore(std::shared_ptr<EngineCore> engine, const SessionOptions &options);

    void set(const std::string &name, const Value &value) override {
        const Hold hold(*this);
        state_.values[name] = accept(state_.parameter(name), value);
    }
    void set_text(const std::string &name, const std::string &text) override {
        const Hold hold(*this);
        state_.values[name] = parse(state_.parameter(name), text);
    }
    const Value &get(const std::string &name) const override {
        return state_.values.at(state_.parameter(name).name);
    }
    const Parameter &parameter(const std::string &name) const override { return state_.parameter(name); }
    const Task &task() const override { return state_.entry.task->info; }
    const std::string &device() const override { return state_.device; }
    const std::string &precision_reason() const override { return state_.precision.reason; }
    Plan plan(std::int32_t width, std::int32_t height) override;
    std::shared_ptr<const RunResult> run(const RunRequest &request) override {
        const Hold hold(*this);
        std::shared_ptr<const RunResult> result;
        with_enough_stack([&] { result = run_acquired(request); });
        return result;
    }
    std::shared_ptr<const RunResult> run_acquired(const RunRequest &request) override {
        const RunUnderWay under_way(&request);
        return run_session(state_, request);
    }
    void acquire() override {
        check_not_forked();
        if (busy_.exchange(true)) {
            throw Error(ErrorCode::busy, "the session is in use by another call",
                        state_.entry.task->info.name,
                        "Wait for the run or job to end, or use a session of its own for each thread.");
        }
    }
    void release() noexcept override { busy_.store(false); }
    bool may_wait_for(const RunRequest &run) const noexcept override {
        if (Inside::runs() > 0) return Inside::times(&run) == 0;
        return Inside::times(state_.entry.plugin->table().host) ==
               0; // a thread of the plugin's own, of any run
    }

  private:
    void set_defaults();

    SessionState state_;
    std::atomic<bool> busy_{false};
};

SessionCore::SessionCore(std::shared_ptr<EngineCore> engine, const SessionOptions &options) {
    state_.entry = engine->entry(options.task);
    state_.options = options;
    state_.bundle = bundle_for(*engine, state_.entry.task->info, options.bundle);
    const runtime::DeviceInfo &device = engine->usable_device(options.device);
    state_.device = device.id;
    state_.precision = choose_precision(options.precision, device,
                                        state_.bundle == nullptr ? nullptr : &state_.bundle->manifest());
    state_.engine = std::move(engine);
    state_.engine->module();
    set_defaults();
    const mirra_task &functions = state_.entry.task->functions;
    void *instance = nullptr;
    call_plugin("the task '" + task().name + "': create", [&](mirra_error **error) {
        return functions.create(functions.user, &state_.entry.plugin->table(), &instance, error);
    });
    state_.instance = TaskInstance(instance, {functions.destroy});
    const Setup setup = configure(state_, {});
    if (setup.graph.empty()) return;
    // Where the limit is too small for it, planning says so.
    const Budget budget = divide_memory(*state_.engine, state_.bundle.get(), options.memory_limit, 0);
    if (has_room(state_, budget, setup.graph)) state_.executable(setup.graph, nullptr);
}

void SessionCore::set_defaults() {
    for (const Parameter &parameter : task().parameters) {
        auto of_bundle = state_.bundle == nullptr
                             ? std::nullopt
                             : manifest_default(state_.bundle->manifest().defaults, parameter.name);
        state_.values[parameter.name] = of_bundle ? accept(parameter, *of_bundle) : parameter.fallback;
    }
}

Plan SessionCore::plan(std::int32_t width, std::int32_t height) {
    const Hold hold(*this);
    if (width < 1 || height < 1)
        throw Error(ErrorCode::invalid_argument, "width and height must be at least 1", "width");
    const Setup setup = configure(state_, {width, height, nullptr});
    const Budget budget =
        divide_memory(*state_.engine, state_.bundle.get(), state_.options.memory_limit, setup.extra_bytes);
    Plan out;
    out.base_bytes = budget.base;
    out.memory_limit = state_.options.memory_limit;
    out.precision = state_.precision.precision;
    out.required_bytes = required_limit(state_, setup, budget, width, height);
    out.fits = out.memory_limit == 0 || out.memory_limit >= out.required_bytes;
    if (!out.fits) return out;
    const auto plan = plan_run(state_, setup, budget, width, height);
    const runtime::TilePlan &tiles = plan->tiles;
    out.tile_count = tiles.tiles.size();
    out.peak_bytes = budget.fixed + tiles.peak_bytes;
    if (out.memory_limit == 0 && state_.weight_bytes() > plan->weight_bytes) // given back under a limit
        out.peak_bytes += state_.weight_bytes() - plan->weight_bytes;
    out.tile_width = tiles.input_width;
    out.tile_height = tiles.input_height;
    out.alignment = tiles.alignment;
    out.halo = tiles.halo;
    return out;
}

} // namespace

std::shared_ptr<Session> Session::create(const std::shared_ptr<Engine> &engine,
                                         const SessionOptions &options) {
    auto core = std::dynamic_pointer_cast<EngineCore>(engine);
    if (core == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    if (options.tile_size < 0)
        throw Error(ErrorCode::invalid_argument, "tile_size must not be negative", "tile_size");
    check_not_forked();
    std::shared_ptr<Session> session;
    with_enough_stack([&] { session = std::make_shared<SessionCore>(core, options); });
    return session;
}

} // namespace mirra::host
