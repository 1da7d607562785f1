// The arena that a thread is in. No LibTorch.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>
#include <utility>

namespace mirra::runtime {

/// While alive, the calling thread's arena is the one that it was made with, or none; then that of before
/// again.
template<class A> class ThreadArenaScope final : public ArenaScope {
  public:
    explicit ThreadArenaScope(std::shared_ptr<A> arena)
        : arena_(std::move(arena))
        , outer_(std::exchange(t_arena, arena_ ? &arena_ : nullptr)) {}
    ThreadArenaScope(const ThreadArenaScope &) = delete;
    ThreadArenaScope &operator=(const ThreadArenaScope &) = delete;
    ~ThreadArenaScope() override { t_arena = outer_; }

    /// Null outside of any scope.
    [[nodiscard]] static const std::shared_ptr<A> *arena() { return t_arena; }

  private:
    /// The scope owns the arena: a thread-local with a destructor would end the process where there is no
    /// memory to register that.
    inline static thread_local const std::shared_ptr<A> *t_arena = nullptr;

    const std::shared_ptr<A> arena_;
    const std::shared_ptr<A> *const outer_;
};

} // namespace mirra::runtime
