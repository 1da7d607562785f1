// What the program has from the allocator, now and at most; every allocation of every library counts.
#pragma once

#include <cstdint>

namespace mirra::test {

std::uint64_t allocated_bytes();
/// The most since the last reset_peak().
std::uint64_t allocated_peak();
void reset_peak();

} // namespace mirra::test
