// What the process does around the library: it ends, forks, calls in from callbacks, and has threads and
// settings of its own.
#pragma once

#include <cfenv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace mirra::host {

/// The process is about to load what does not survive a fork. From then on its end is awaited, too.
void runtime_starts();
/// Whether this is the child of a process that had loaded it: its locks may be held by threads that are not
/// here.
[[nodiscard]] bool in_forked_child() noexcept;
/// @throws Error unsupported in such a child
void check_not_forked();
/// Whether exit() was called: runs stop at their next tile.
[[nodiscard]] bool process_ends() noexcept;

/// While alive the calling thread is in that run (or in a function of the caller's that the run has called,
/// on whatever thread), or in a function of that plugin's table. They end in the order opposite to that in
/// which they began.
class Inside {
  public:
    enum class Kind : std::uint8_t { run, table };

    Inside(Kind kind, const void *which) noexcept;
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;
    ~Inside();

    /// How often the calling thread is in this one.
    [[nodiscard]] static std::uint32_t times(const void *which) noexcept;
    /// In how many different runs it is.
    [[nodiscard]] static int runs() noexcept;

  private:
    const Kind kind_;
    const void *const which_;
    const Inside *const outer_;
};

/// What a run still does for its caller when it has ended, callbacks included: exit() waits for it as for the
/// run.
class RunEnding {
  public:
    explicit RunEnding(const void *run) noexcept;
    RunEnding(const RunEnding &) = delete;
    RunEnding &operator=(const RunEnding &) = delete;
    ~RunEnding();

  private:
    const Inside inside_;
};

/// A run under way: exit() waits for its end, for some time. @throws Error cancelled (the process ends)
class RunUnderWay {
  public:
    /// @param run  what stands for it; see Inside
    explicit RunUnderWay(const void *run);
    RunUnderWay(const RunUnderWay &) = delete;
    RunUnderWay &operator=(const RunUnderWay &) = delete;

  private:
    const RunEnding counted_;
};

/// While alive the calling thread rounds to nearest and traps nothing, whatever its caller has set; what is
/// set meanwhile goes with it.
class PlainArithmetic {
  public:
    PlainArithmetic() noexcept;
    PlainArithmetic(const PlainArithmetic &) = delete;
    PlainArithmetic &operator=(const PlainArithmetic &) = delete;
    ~PlainArithmetic();

  private:
    std::fenv_t before_;
};

/// A thread that takes none of the process's signals and has a stack of its own size. Must be joined.
class QuietThread {
  public:
    /// @throws Error limit (the process may have no more threads)
    explicit QuietThread(std::function<void()> body);
    QuietThread(const QuietThread &) = delete;
    QuietThread &operator=(const QuietThread &) = delete;
    ~QuietThread() = default;

    void join();
    void detach();

  private:
    pthread_t thread_{};
};

/// Waits for at most `seconds`; negative: for ever. Whether `over` is true by then.
template<class Over>
bool wait_at_most(std::condition_variable &told, std::unique_lock<std::mutex> &lock, double seconds,
                  const Over &over) {
    constexpr double kLongest = 1e8; // a longer wait overflows the clock
    if (seconds >= 0 && seconds <= kLongest)
        return told.wait_for(lock, std::chrono::duration<double>(seconds), over);
    told.wait(lock, over);
    return true;
}

/// Calls `body` here, or on a thread with a larger stack where this one has too little left for a network.
void with_enough_stack(const std::function<void()> &body);

} // namespace mirra::host
