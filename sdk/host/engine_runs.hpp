// The runs of an engine that are under way: runs, jobs, networks that are run as they are.
#pragma once

#include "mirra/host.hpp"

#include <condition_variable>

namespace mirra::host {

/// Ends them all together. Thread-safe.
class EngineRuns {
  public:
    /// What stops the runs once the engine is shut down.
    [[nodiscard]] const std::shared_ptr<CancelToken> &stop() const noexcept { return stop_; }
    /// @param cancel  beside stop(); null: none
    /// @throws Error cancelled once either is requested
    void require_going_on(const CancelToken *cancel) const;
    /// As mirra_engine_shutdown. @throws Error timeout | busy | invalid_argument (NaN)
    void shut_down(double seconds);

  private:
    friend class RunPass;
    struct Run {
        const void *run;   ///< what stands for it; see Inside
        const void *table; ///< of its plugin; null: none
    };

    std::list<Run>::iterator begin(const Run &run);
    void end(std::list<Run>::iterator run) noexcept;
    /// Whether the calling thread is in a callback of one of them.
    [[nodiscard]] bool is_inside() const noexcept;

    const std::shared_ptr<CancelToken> stop_ = std::make_shared<CancelToken>();
    std::mutex mutex_;
    std::condition_variable ended_;
    std::list<Run> runs_;
};

/// A run under way, its callbacks included.
class RunPass {
  public:
    /// @throws Error cancelled once the engine is shut down
    RunPass(std::shared_ptr<EngineRuns> runs, const void *run, const void *table);
    RunPass(const RunPass &) = delete;
    RunPass &operator=(const RunPass &) = delete;
    ~RunPass();

  private:
    std::shared_ptr<EngineRuns> runs_;
    std::list<EngineRuns::Run>::iterator place_;
};

} // namespace mirra::host
