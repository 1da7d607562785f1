#include "runtime/plan/startable_threads.hpp"

#include "mirra/environment.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace mirra::runtime {
namespace {

constexpr const char *kVariable = "OMP_NUM_THREADS";

void *wait_for(void *gate) {
    const std::scoped_lock passed(*static_cast<std::mutex *>(gate));
    return nullptr;
}

/// Starts up to `count` threads that live at the same time, and gives how many that were.
int start_and_end(int count) {
    std::mutex gate;
    std::vector<pthread_t> started;
    started.reserve(static_cast<std::size_t>(count));
    sigset_t all, before;
    sigfillset(&all);
    {
        const std::scoped_lock closed(gate);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        for (pthread_t thread; count > 0 && pthread_create(&thread, nullptr, wait_for, &gate) == 0; --count)
            started.push_back(thread);
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    for (const pthread_t thread : started) pthread_join(thread, nullptr);
    return static_cast<int>(started.size());
}

} // namespace

void check_startable(int count, bool asked) {
    thread_local int had = 1; // of this thread's own team
    if (count > had && start_and_end(count - had) < count - had) {
        // One that says another number was not followed; its first one counts here.
        const bool by_variable = !asked && std::strtol(environment(kVariable).c_str(), nullptr, 10) == count;
        throw Error(ErrorCode::limit, "the process may not start " + std::to_string(count) + " threads",
                    by_variable ? kVariable : "threads",
                    by_variable ? "Lower the environment variable, or remove it."
                                : "Use fewer threads, or raise the process's limits of threads and memory.");
    }
    had = count;
}

int default_threads(int own) {
    constexpr int kMost = 1024; // as a caller may ask for
    if (own <= kMost) return own;
    std::array<cpu_set_t, 64> sets{}; // one has room for 1024 processors
    const bool known = sched_getaffinity(0, sizeof sets, sets.data()) == 0;
    const int usable =
        known ? CPU_COUNT_S(sizeof sets, sets.data()) : static_cast<int>(std::thread::hardware_concurrency());
    return std::clamp(usable, 1, kMost);
}

} // namespace mirra::runtime
