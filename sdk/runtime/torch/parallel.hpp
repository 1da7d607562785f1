// Loops of our own kernels on LibTorch's threads.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace mirra::runtime {

/// Calls function(begin, end) for ranges that together are [0, count), on as many threads as LibTorch has and
/// ranges of at least about `grain` give work to; at::get_thread_num() tells them apart.
/// at::parallel_for() is no way to them: LibTorch's headers hold its loop, and compiled without OpenMP, as
/// our units are, it runs on the calling thread alone.
void parallel_ranges(std::int64_t count, std::int64_t grain,
                     c10::function_ref<void(std::int64_t begin, std::int64_t end)> function);

} // namespace mirra::runtime
