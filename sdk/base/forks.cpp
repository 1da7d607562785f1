// Takes every lock of the process's before a fork, and gives it back on both sides.
#include "mirra/forks.hpp"

#include <atomic>

#include <pthread.h>

namespace mirra {
namespace {

std::atomic<int> g_forks{0};
std::atomic<ProcessMutex *> g_latest{nullptr};

/// Threads that pause forks hold it for reading. A fork that waits goes before those that come later.
pthread_rwlock_t g_pauses = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
thread_local int t_pauses = 0;   ///< of this thread, one within another
ProcessMutex *g_taken = nullptr; ///< the latest of those that a fork holds; its own beside g_pauses

} // namespace

struct ForkHandlers {
    static void before() {
        // A library may fork as it is loaded: within a pause of this thread's own.
        if (t_pauses == 0) pthread_rwlock_wrlock(&g_pauses);
        g_taken = g_latest.load();
        for (ProcessMutex *each = g_taken; each != nullptr; each = each->next_) each->lock();
    }
    static void in_parent() {
        for (ProcessMutex *each = g_taken; each != nullptr; each = each->next_) each->unlock();
        if (t_pauses == 0) pthread_rwlock_unlock(&g_pauses);
    }
    static void in_child() {
        ++g_forks;
        for (ProcessMutex *each = g_taken; each != nullptr; each = each->next_) {
            if (each->in_child_ != nullptr) each->in_child_();
            each->unlock();
        }
        // Its owner is the thread's number in the parent: it cannot be unlocked here.
        g_pauses = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
        if (t_pauses > 0) pthread_rwlock_rdlock(&g_pauses);
    }
    static void add(ProcessMutex &made) noexcept {
        made.next_ = g_latest.load();
        while (!g_latest.compare_exchange_weak(made.next_, &made)) {
        }
    }
};

namespace {

/// As the library is loaded: later, another thread might already fork.
[[maybe_unused]] int g_registered =
    pthread_atfork(ForkHandlers::before, ForkHandlers::in_parent, ForkHandlers::in_child);

} // namespace

int forks() noexcept {
    return g_forks;
}

ProcessMutex::ProcessMutex(void (*in_child)() noexcept) noexcept : in_child_(in_child) {
    ForkHandlers::add(*this);
}

ForkPause::ForkPause() {
    if (t_pauses++ == 0) pthread_rwlock_rdlock(&g_pauses);
}

ForkPause::~ForkPause() {
    if (--t_pauses == 0) pthread_rwlock_unlock(&g_pauses);
}

} // namespace mirra
