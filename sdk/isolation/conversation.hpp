// A call to the worker, from its first word to its last.
#pragma once

#include "worker_link.hpp"

namespace mirra::isolation {

/// Waits while a worker works: asks it to stop where `stopped` says so, and ends it where it does not.
class Patience {
  public:
    /// @param run  of the lane
    Patience(WorkerLink &link, std::uint64_t lane, std::uint64_t run, Stopped stopped);
    /// @throws Gone once the worker has ended
    void operator()();
    /// It has said something: whatever the host took for it since is not the worker's time.
    void heard() noexcept;

  private:
    WorkerLink &link_;
    const std::uint64_t lane_, run_;
    const Stopped stopped_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
};

/// One that does not come to its end leaves the lane in the middle of it: nobody may use that any more.
class Conversation {
  public:
    Conversation(WorkerLink &link, Lane &lane, std::uint64_t run, Stopped stopped)
        : link_(link)
        , lane_(lane)
        , idle_(link, lane.id, run, std::move(stopped)) {}

    /// @throws Gone
    void say(const Json &body, int attached = -1);
    /// @throws Gone | what the worker says went wrong, which ends the conversation
    [[nodiscard]] Message hear();
    void end() noexcept { ended_ = true; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    /// What is thrown within, as callers know it: a worker that is gone, or makes no sense, has ended.
    template<class Body> auto within(const Body &body) {
        try {
            return body();
        } catch (const Gone &) {
            link_.throw_ended();
        } catch (const Json::exception &) {
            link_.throw_ended();
        }
    }
    /// A question and its answer.
    [[nodiscard]] Message ask(const Json &body, int attached = -1);

  private:
    WorkerLink &link_;
    Lane &lane_;
    Patience idle_;
    bool ended_ = false;
};

} // namespace mirra::isolation
