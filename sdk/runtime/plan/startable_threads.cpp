#include "runtime/plan/startable_threads.hpp"

#include "mirra/error.hpp"

#include <csignal>
#include <mutex>
#include <string>
#include <vector>

#include <pthread.h>

namespace mirra::runtime {
namespace {

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

void check_startable(int count) {
    thread_local int had = 1; // of this thread's own team
    if (count > had && start_and_end(count - had) < count - had)
        throw Error(ErrorCode::limit, "the process may not start " + std::to_string(count) + " threads",
                    "threads", "Use fewer threads, or raise the process's limits of threads and memory.");
    had = count;
}

} // namespace mirra::runtime
