// Lets threads use an object until it is closed, and closes once all of them are out again.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace mirra::host {

class Gate {
  public:
    /// Whether the thread may go in; one that did must leave().
    [[nodiscard]] bool enter() {
        const std::lock_guard lock(mutex_);
        if (closed_) return false;
        ++inside_;
        return true;
    }
    void leave() noexcept {
        const std::lock_guard lock(mutex_);
        if (--inside_ == 0) empty_.notify_all();
    }
    /// Lets none in from now on, and waits for those that are. Not for a thread that is inside.
    void close() noexcept {
        std::unique_lock lock(mutex_);
        closed_ = true;
        empty_.wait(lock, [this] { return inside_ == 0; });
    }
    void open() noexcept {
        const std::lock_guard lock(mutex_);
        closed_ = false;
    }

  private:
    std::mutex mutex_;
    std::condition_variable empty_;
    std::size_t inside_ = 0;
    bool closed_ = false;
};

/// A thread's stay.
class GatePass {
  public:
    explicit GatePass(Gate &gate) : gate_(gate.enter() ? &gate : nullptr) {}
    GatePass(const GatePass &) = delete;
    GatePass &operator=(const GatePass &) = delete;
    ~GatePass() {
        if (gate_ != nullptr) gate_->leave();
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

  private:
    Gate *gate_;
};

} // namespace mirra::host
