// What a run says of itself while it goes on: stages, how far it is, tiles that are final; and what stops it.
#pragma once

#include "output.hpp"
#include "run_plan.hpp"
#include "session_state.hpp"

#include <atomic>
#include <chrono>
#include <mutex>

namespace mirra::host {

/// How far one thread of a run is with its tile. RunReports alone writes it; the thread itself may read
/// `tile`.
struct TileProgress {
    std::size_t tile = 0;
    double before = 0, current = 0; ///< of graphs that ran, and of the one that does, in multiplications
    bool told = false;              ///< the plugin says by itself how far it is
    double furthest = 0;
    std::uint64_t step = 0, step_count = 0;
};

/// Thread-safe. Callbacks of the run's caller are called one at a time. What they throw goes through.
class RunReports {
  public:
    /// @param run, plan  must outlive it
    RunReports(const RunState &run, const RunPlan &plan) : run_(run), plan_(plan) {}

    /// @param steps          tiles of all passes
    /// @param follow_graphs  whether the graphs that ran say how far a tile is
    void begin(std::size_t steps, bool follow_graphs);
    /// The next tile, or a stage without tiles. @throws Error cancelled
    void next(const char *stage, TileProgress &progress, std::size_t tile, std::size_t count);
    void tile_done();
    /// Of the nodes of a graph that the tile goes through next.
    runtime::StepFunction steps(TileProgress &progress, const graph::Graph &graph);
    /// The plugin says how far its tile is. @throws Error cancelled
    void told(TileProgress &progress, double fraction);
    void previewed();
    /// A tile of an output is final. @throws Error cancelled
    void tile(const runtime::Rect &rect, const image::ImageView &piece, const OutputImage &output);

    /// Also where another thread of the run has failed. @throws Error cancelled
    void look() const;
    /// Set by a thread of the run that fails: the others end, too.
    [[nodiscard]] std::atomic<bool> &stopped() { return stopped_; }

  private:
    using Clock = std::chrono::steady_clock;

    void say(const TileProgress &within);
    void node(TileProgress &progress, std::size_t done, std::size_t count, double fraction);
    [[noreturn]] void stop(const char *why);

    const RunState &run_;
    const RunPlan &plan_;
    std::atomic<bool> stopped_{false};
    std::mutex mutex_; ///< held by who changes what follows, or any progress
    const char *stage_ = "prepare";
    std::size_t tiles_in_stage_ = 0;
    std::size_t done_ = 0, steps_ = 1;
    double tile_work_ = 0; ///< 0: graphs do not say how far a tile is
    std::uint64_t previews_ = 0;
    Clock::time_point last_;
};

} // namespace mirra::host
