// Work on several threads at once.
#include "team.hpp"

#include "mirra/error.hpp"
#include "process_life.hpp"

#include <algorithm>
#include <cxxabi.h>
#include <exception>
#include <list>
#include <mutex>
#include <utility>

namespace mirra::host {
namespace {

using Body = std::function<void(const std::atomic<bool> &stop)>;

/// Whether the calling thread is one of a team already: what that starts goes on where it is.
thread_local constinit bool t_in_team = false;

/// While alive the calling thread is one of a team.
class InTeam {
  public:
    InTeam() : outer_(std::exchange(t_in_team, true)) {}
    InTeam(const InTeam &) = delete;
    InTeam &operator=(const InTeam &) = delete;
    ~InTeam() { t_in_team = outer_; }

  private:
    const bool outer_;
};

/// What the threads share; the first failure counts.
class Shared {
  public:
    explicit Shared(const Body &body) : body_(body) {}

    void take_part() {
        const InTeam in_team;
        try {
            body_(stop_);
        } catch (abi::__forced_unwind &) {
            stop_ = true;
            throw;
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!stop_.exchange(true)) failure_ = std::current_exception();
        }
    }

    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
        if (stop_) throw Error(ErrorCode::cancelled, "a callback ended a thread of the run");
    }

  private:
    const Body &body_;
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::exception_ptr failure_;
};

/// Threads beside the calling one; all have ended when it has.
class Others {
  public:
    Others(Shared &shared, std::uint64_t wanted) {
        for (std::uint64_t i = 0; i < wanted; ++i) {
            try {
                threads_.emplace_back([&shared] { shared.take_part(); });
            } catch (const std::exception &) { // no more threads, or memory: fewer do the same
                return;
            }
        }
    }
    Others(const Others &) = delete;
    Others &operator=(const Others &) = delete;
    ~Others() {
        for (QuietThread &thread : threads_) thread.join();
    }

  private:
    std::list<QuietThread> threads_;
};

} // namespace

void run_on_threads(std::uint64_t threads, const Body &body) {
    Shared shared(body);
    {
        const Others others(shared, threads > 0 && !t_in_team ? threads - 1 : 0);
        shared.take_part();
    }
    shared.rethrow();
}

void for_each_on_threads(std::uint64_t threads, std::uint64_t count,
                         const std::function<void(std::uint64_t index)> &body) {
    std::atomic<std::uint64_t> next{0};
    run_on_threads(std::min(threads, count), [&](const std::atomic<bool> &stop) {
        for (std::uint64_t index = next++; index < count && !stop; index = next++) body(index);
    });
}

} // namespace mirra::host
