// Work on several threads at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

namespace mirra::host {

/// Calls `body` on the calling thread and on others, as many as can be had, and returns when all have ended.
/// Bodies share the work among themselves, and look at `stop`, which is set when one of them has thrown.
/// @param threads  the calling one included; within a body it is the only one
/// @throws what the first that failed has thrown; Error cancelled where a callback ended one of the threads
void run_on_threads(std::uint64_t threads, const std::function<void(const std::atomic<bool> &stop)> &body);

/// Calls body(index) for each index below `count` on some threads.
/// @param threads, @throws  as run_on_threads
void for_each_on_threads(std::uint64_t threads, std::uint64_t count,
                         const std::function<void(std::uint64_t index)> &body);

} // namespace mirra::host
