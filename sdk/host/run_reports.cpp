#include "run_reports.hpp"

#include "mirra/error.hpp"
#include "process_life.hpp"

#include <algorithm>

namespace mirra::host {

void RunReports::begin(std::size_t steps, bool follow_graphs) {
    steps_ = steps;
    if (follow_graphs) tile_work_ = plan_.tile_work;
}

/// By who holds the mutex.
void RunReports::say(const TileProgress &within) {
    look();
    last_ = Clock::now();
    if (!run_.request.progress) return;
    Progress progress;
    progress.stage = stage_;
    const double fraction = (static_cast<double>(done_) + within.furthest) / static_cast<double>(steps_);
    progress.fraction = run_.request.furthest = std::clamp(fraction, run_.request.furthest, 1.0);
    progress.tile = within.tile;
    progress.tile_count = tiles_in_stage_;
    progress.bytes_now = run_.arena->current_bytes();
    progress.bytes_peak = run_.arena->peak_bytes();
    progress.previews = previews_;
    progress.step = within.step;
    progress.step_count = within.step_count;
    const Inside inside(Inside::Kind::run, &run_.request); // a thread of the plugin's may report, too
    const bool goes_on = run_.request.progress(progress);
    check_not_forked();
    if (!goes_on) stop("the progress callback stopped the run");
}

void RunReports::next(const char *stage, TileProgress &progress, std::size_t tile, std::size_t count) {
    const std::lock_guard lock(mutex_);
    progress = {};
    progress.tile = tile;
    stage_ = stage;
    tiles_in_stage_ = count;
    say(progress);
}

void RunReports::tile_done() {
    const std::lock_guard lock(mutex_);
    ++done_;
}

void RunReports::node(TileProgress &progress, std::size_t done, std::size_t count, double fraction) {
    look();
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return; // somebody else reports
    progress.step = done;
    progress.step_count = count;
    constexpr double kMost = 0.99; // what a task does beside its graphs is never over before it is
    constexpr std::chrono::milliseconds kBetween{20}; // callbacks come no more often
    if (tile_work_ > 0 && !progress.told)
        progress.furthest = std::clamp((progress.before + fraction * progress.current) / tile_work_,
                                       progress.furthest, kMost);
    if (Clock::now() - last_ < kBetween) return;
    say(progress);
}

runtime::StepFunction RunReports::steps(TileProgress &progress, const graph::Graph &graph) {
    const std::lock_guard lock(mutex_);
    progress.before += std::exchange(progress.current, 0);
    const auto found = plan_.graph_work.find(graph.name);
    if (found != plan_.graph_work.end()) progress.current = found->second;
    return [this, &progress](std::size_t done, std::size_t count, double fraction) {
        node(progress, done, count, fraction);
    };
}

void RunReports::told(TileProgress &progress, double fraction) {
    const std::lock_guard lock(mutex_);
    progress.told = true;
    progress.furthest = std::clamp(fraction, progress.furthest, 1.0);
    say(progress);
}

void RunReports::previewed() {
    const std::lock_guard lock(mutex_);
    ++previews_;
}

void RunReports::tile(const runtime::Rect &rect, const image::ImageView &piece, const OutputImage &output) {
    if (!run_.request.tile) return;
    const std::lock_guard lock(mutex_);
    look();
    const Inside inside(Inside::Kind::run, &run_.request);
    const bool goes_on = run_.request.tile(rect, piece, output.place());
    check_not_forked();
    if (!goes_on) stop("the tile callback stopped the run");
}

void RunReports::look() const {
    run_.look();
    if (stopped_) throw Error(ErrorCode::cancelled, "another tile's work has ended the run");
}

void RunReports::stop(const char *why) {
    stopped_ = true;
    throw Error(ErrorCode::cancelled, why);
}

} // namespace mirra::host
