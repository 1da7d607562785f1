// What all sessions have: parameters, one call at a time, runs that the engine knows.
#include "engine_runs.hpp"
#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "process_life.hpp"
#include "run_plan.hpp"
#include "value.hpp"

#include <cxxabi.h>

namespace mirra::host {

Session::~Session() = default;

std::shared_ptr<Session> Session::create(const std::shared_ptr<Engine> &engine,
                                         const SessionOptions &options) {
    if (engine == nullptr) throw Error(ErrorCode::invalid_argument, "the engine is null", "engine");
    check_threads(options.threads);
    if (options.tile_size < 0)
        throw Error(ErrorCode::invalid_argument, "tile_size must not be negative", "tile_size");
    if (options.bundle != nullptr && !options.quality.empty())
        throw Error(ErrorCode::invalid_argument, "both a bundle and a quality were given", "quality",
                    "Give one of them: a quality is a bundle by another name.");
    check_not_forked();
    std::shared_ptr<Session> session;
    with_enough_stack([&] { session = engine->make_session(engine, options); });
    return session;
}

std::shared_ptr<Session> Session::clone() {
    const Hold hold(*this);
    std::shared_ptr<Session> made;
    with_enough_stack([&] { made = make_clone(); });
    made->parameters().values = parameters().values;
    return made;
}

void Session::set(const std::string &name, const Value &value) {
    const Hold hold(*this);
    parameters().values[name] = accept(parameters().known.param(name), value);
}

void Session::set_text(const std::string &name, const std::string &text) {
    const Hold hold(*this);
    parameters().values[name] = parse(parameters().known.param(name), text);
}

void Session::reset(const std::string *name) {
    const Hold hold(*this);
    if (name == nullptr) {
        parameters().values = parameters().initial;
    } else {
        parameters().values[*name] = parameters().initial.at(parameters().known.param(*name).name);
    }
}

const Value &Session::get(const std::string &name) const {
    return parameters().values.at(parameters().known.param(name).name);
}

const std::vector<mirra_param_info> &Session::params() const {
    return parameters().known.params;
}

Plan Session::plan(std::int32_t width, std::int32_t height) {
    const Hold hold(*this, Hold::ForRun());
    return make_plan(width, height);
}

runtime::Rect Session::required(std::int32_t width, std::int32_t height, const runtime::Rect &region) {
    const Hold hold(*this, Hold::ForRun());
    return make_required(width, height, region);
}

std::shared_ptr<const RunResult> Session::run(RunRequest request) {
    const auto pass = enter(request);
    std::shared_ptr<const RunResult> result;
    const auto end = [&request] {
        const RunEnding ending(&request);
        request.kept.clear();
        if (request.user) request.user->free_now();
    };
    try {
        const Hold hold(*this, Hold::ForRun());
        with_enough_stack([&] { result = run_acquired(request); });
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
        end();
        throw;
    }
    end();
    return result;
}

std::unique_ptr<RunPass> Session::enter(RunRequest &request) const {
    check_not_forked();
    find_places(request);
    const auto &runs = engine_->runs();
    auto pass = std::make_unique<RunPass>(runs, &request, plugin_table());
    request.cancels.push_back(runs->stop());
    return pass;
}

std::shared_ptr<const RunResult> Session::run_acquired(const RunRequest &request) {
    const RunUnderWay under_way(&request);
    return make_result(request);
}

void Session::acquire() {
    check_not_forked();
    std::int32_t none = 0;
    if (!holders_.compare_exchange_strong(none, kAlone)) refuse_busy();
}

void Session::acquire_run() {
    if (!shares_runs()) return acquire();
    check_not_forked();
    std::int32_t runs = holders_.load();
    do {
        if (runs == kAlone) refuse_busy();
    } while (!holders_.compare_exchange_weak(runs, runs + 1));
}

void Session::release() noexcept {
    std::int32_t alone = kAlone;
    if (!holders_.compare_exchange_strong(alone, 0)) --holders_;
}

void Session::refuse_busy() const {
    throw Error(ErrorCode::busy, "the session is in use by another call", task().name(),
                "Wait for the run or job to end, or use a session of its own for each thread.");
}

bool Session::may_wait_for(const RunRequest &run) const noexcept {
    if (Inside::runs() > 0) return Inside::times(&run) == 0;
    // A thread of the plugin's own, of any run.
    return plugin_table() == nullptr || Inside::times(plugin_table()) == 0;
}

} // namespace mirra::host
