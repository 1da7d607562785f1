// CPU memory of a run: counted, cached between layers and tiles, held to a limit.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>

namespace mirra::runtime {

/// Makes LibTorch's CPU allocations of threads inside of an ArenaScope come from that scope's arena.
/// Idempotent.
void install_arena_allocator();

/// @param limit, keep  see Module::make_arena()
/// @param most_kept  so many freed blocks are kept at most
std::shared_ptr<Arena> make_cpu_arena(std::uint64_t limit, std::uint64_t keep, std::size_t most_kept = 256);
std::unique_ptr<ArenaScope> enter_cpu_arena(const std::shared_ptr<Arena> &arena);
/// While alive, the calling thread's tensors come from the heap, in an arena's scope too.
std::unique_ptr<ArenaScope> enter_heap();

} // namespace mirra::runtime
