// What threads change for the whole process must be whole, and its locks free, in a child of fork(): of the
// parent's threads it has one.
#pragma once

#include <mutex>

namespace mirra {

/// How many forks lie between the first process that had the library and this one.
[[nodiscard]] int forks() noexcept;

/// A lock of what belongs to the whole process. fork() waits for it, and gives it back on both sides. For
/// static objects that are never destroyed; held for moments, and no other one is taken under it.
class ProcessMutex {
  public:
    /// @param in_child  called in the child before the lock is given back; may be null
    explicit ProcessMutex(void (*in_child)() noexcept = nullptr) noexcept;
    ProcessMutex(const ProcessMutex &) = delete;
    ProcessMutex &operator=(const ProcessMutex &) = delete;
    ~ProcessMutex() = default;
    void lock() { mutex_.lock(); }
    void unlock() noexcept { mutex_.unlock(); }

  private:
    friend struct ForkHandlers;
    std::mutex mutex_;
    void (*in_child_)() noexcept;
    ProcessMutex *next_ = nullptr; ///< made before this one
};

/// While alive no other thread forks: for calls of libraries that have such locks of their own and leave them
/// as they are, and for the loader. Short, and no ProcessMutex is held as it begins.
class ForkPause {
  public:
    ForkPause();
    ForkPause(const ForkPause &) = delete;
    ForkPause &operator=(const ForkPause &) = delete;
    ~ForkPause();
};

} // namespace mirra
