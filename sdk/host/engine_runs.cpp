// The runs of an engine that are under way, and how they are ended together.
#include "engine_runs.hpp"

#include "mirra/error.hpp"
#include "process_life.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace mirra::host {

std::list<EngineRuns::Run>::iterator EngineRuns::begin(const Run &run) {
    std::list<Run> fresh{run};
    const auto place = fresh.begin();
    const std::lock_guard lock(mutex_);
    if (stop_->requested())
        throw Error(ErrorCode::cancelled, "the engine was shut down, and begins no run any more", "engine",
                    "Make another engine.");
    runs_.splice(runs_.end(), fresh);
    return place;
}

void EngineRuns::require_going_on(const CancelToken *cancel) const {
    if (stop_->requested() || (cancel != nullptr && cancel->requested()))
        throw Error(ErrorCode::cancelled, "the run was cancelled");
}

void EngineRuns::end(std::list<Run>::iterator run) noexcept {
    std::list<Run> ended;
    const std::lock_guard lock(mutex_);
    ended.splice(ended.end(), runs_, run);
    ended_.notify_all(); // under the lock: who waits may give this back at once
}

bool EngineRuns::is_inside() const noexcept {
    const bool in_run = Inside::runs() > 0;
    return std::ranges::any_of(runs_, [&](const Run &each) {
        if (in_run) return Inside::times(each.run) > 0;
        return each.table != nullptr && Inside::times(each.table) > 0; // a thread of the plugin's own
    });
}

void EngineRuns::shut_down(double seconds) {
    if (std::isnan(seconds))
        throw Error(ErrorCode::invalid_argument, "the time to wait is no number", "seconds",
                    "Give seconds, or a negative number to wait for ever.");
    std::unique_lock lock(mutex_);
    stop_->request();
    if (is_inside())
        throw Error(ErrorCode::busy, "a callback of a run cannot wait for the run", "engine",
                    "Return from the callback, and shut the engine down in another thread.");
    const auto over = [this] { return runs_.empty(); };
    if (!wait_at_most(ended_, lock, seconds, over))
        throw Error(ErrorCode::timeout,
                    std::to_string(runs_.size()) + " of the engine's runs and jobs have not ended yet",
                    "seconds", "Call it again.");
}

RunPass::RunPass(std::shared_ptr<EngineRuns> runs, const void *run, const void *table)
    : runs_(std::move(runs))
    , place_(runs_->begin({run, table})) {}

RunPass::~RunPass() {
    runs_->end(place_);
}

} // namespace mirra::host
