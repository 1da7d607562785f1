// What the process does around the library: it ends, forks, and has threads and settings of its own.
#pragma once

#include "inside.hpp"

#include <cfenv>
#include <csignal>
#include <functional>
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

/// A run under way: exit() waits for its end, for some time. @throws Error cancelled (the process ends)
class RunUnderWay {
  public:
    /// @param run  what stands for it; see Inside
    explicit RunUnderWay(const void *run);
    RunUnderWay(const RunUnderWay &) = delete;
    RunUnderWay &operator=(const RunUnderWay &) = delete;
    ~RunUnderWay();

  private:
    const Inside inside_;
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

/// Calls `body` here, or on a thread with a larger stack where this one has too little left for a network.
void with_enough_stack(const std::function<void()> &body);

} // namespace mirra::host
