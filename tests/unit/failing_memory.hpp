// Memory and threads that fail on demand: in a program that links failing_memory.cpp, the n-th allocation of
// whatever library.
#pragma once

#include <cstddef>

namespace mirra::test {

/// From now on the allocation after `n` further ones of at least `bytes` fails, and, if `lasting`, all after
/// it.
void fail_allocation(long n, bool lasting, std::size_t bytes) noexcept;
/// Memory is there again. @returns whether an allocation failed
bool end_of_failures() noexcept;

/// Whether no thread can be started from now on, as where the system's limit is reached.
void fail_threads(bool fail) noexcept;

} // namespace mirra::test
