// Lets threads use an object until it is closed, and closes once all of them are out again.
#pragma once

#include <atomic>
#include <cstdint>

namespace mirra::host {

/// Has no lock that a fork could leave taken in the child.
class Gate {
  public:
    /// Whether the thread may go in; one that did must leave().
    [[nodiscard]] bool enter() noexcept {
        std::uint32_t now = state_;
        do {
            if ((now & kClosed) != 0) return false;
        } while (!state_.compare_exchange_weak(now, now + 1));
        return true;
    }
    void leave() noexcept {
        if (state_.fetch_sub(1) > kClosed) state_.notify_all();
    }
    /// Lets none in from now on, and waits for those that are.
    /// @param own  how often the calling thread is inside: it does not wait for itself
    void close(std::uint32_t own = 0) noexcept {
        std::uint32_t now = state_.fetch_or(kClosed) | kClosed;
        for (; now != kClosed + own; now = state_) state_.wait(now);
    }
    void open() noexcept { state_ &= ~kClosed; }
    /// In a child of fork(), whose only thread is inside so often.
    void keep(std::uint32_t own) noexcept { state_ = (state_ & kClosed) | own; }

  private:
    static constexpr std::uint32_t kClosed = std::uint32_t{1} << 31;
    std::atomic<std::uint32_t> state_{0}; ///< kClosed, and how many are inside
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
