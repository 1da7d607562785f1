// How a session's memory limit is divided, and the tiles that follow from it.
#pragma once

#include "mirra/tiling.hpp"
#include "session_state.hpp"

namespace mirra::host {

/// What a task asked for in `configure`.
struct Setup {
    std::string graph; ///< empty: none, each pixel by itself
    std::uint64_t extra_bytes_per_pixel = 0;
};

struct Budget {
    std::uint64_t base = 0;      ///< the runtime's library
    std::uint64_t fixed = 0;     ///< that, the bundle in memory and other things that no tile changes
    std::uint64_t available = 0; ///< for weights, tensors and buffers; 0: no limit
};

/// The graph that governs the tiles; one that does nothing for a task without a graph.
graph::Graph governing_graph(const SessionState &session, const Setup &setup);
/// @param reserved  bytes that the run needs besides, such as a copy of the input
Budget divide_memory(SessionState &session, std::uint64_t reserved);
/// @throws Error budget, the message names the limit that would do
runtime::TilePlan plan_run(const SessionState &session, const Setup &setup, const Budget &budget,
                           std::int64_t width, std::int64_t height);
/// The smallest memory limit with which an image of this size can be done.
std::uint64_t required_limit(const SessionState &session, const Setup &setup, const Budget &budget,
                             std::int64_t width, std::int64_t height);
/// What the arena may hold: the budget less weights and the host's buffers. 0: no limit.
std::uint64_t arena_limit(const SessionState &session, const Setup &setup, const Budget &budget,
                          const runtime::TilePlan &plan);
/// Bytes per pixel of the host's own buffers for a tile: floats in and out, alpha.
inline constexpr std::uint64_t kBufferBytesPerPixel = 3 * 4 + 3 * 4 + 4;

} // namespace mirra::host
