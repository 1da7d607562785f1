// How a session's memory limit is divided, and the tiles that follow from it.
#pragma once

#include "output.hpp"

namespace mirra::host {

/// On a GPU its memory is what a limit is of, and what is counted: nothing of the process's.
struct MemoryShares {
    std::uint64_t base = 0;      ///< the runtime's library
    std::uint64_t fixed = 0;     ///< that, the bundle in memory and other things that no tile changes
    std::uint64_t available = 0; ///< for weights, tensors and buffers; 0: no limit
};

/// "Raise memory_limit to at least N bytes (M MiB)", M rounded up.
std::string raised_limit(std::uint64_t bytes);

/// What of an image is cut into tiles, and how many of them are worked on at a time.
struct Cut {
    std::optional<runtime::Rect> region; ///< of the image with its margin; none: all of it
    std::int64_t at_once = 1;
    [[nodiscard]] bool operator==(const Cut &) const = default;
};

/// The tiles of a run, and what its arena may hold.
struct RunPlan {
    /// What it follows from, with what a session never changes.
    struct Key {
        Setup setup;
        std::uint64_t available = 0;
        std::int64_t width = 0, height = 0;
        Cut cut;
        [[nodiscard]] bool operator==(const Key &) const = default;
    };
    Key key;
    runtime::TilePlan tiles;
    std::uint64_t arena_bytes = 0;  ///< the budget less weights and the host's buffers; 0: no limit
    std::uint64_t tensor_bytes = 0; ///< what of the arena is planned for
    std::uint64_t weight_bytes = 0; ///< what is planned for compiled graphs
    std::int64_t at_once = 1;       ///< tiles that are worked on at a time: as asked, or fewer
    /// Multiplications on a tile, of each graph that tiles go through.
    std::map<std::string, double> graph_work;
    double tile_work = 0;    ///< of all of these
    bool one_thread = false; ///< so little work that other threads wake later than it is done
};

/// What a limit is divided for.
struct MemoryNeeds {
    std::string device;
    const bundle::Bundle *bundle = nullptr; ///< null: none
    std::uint64_t process = 0;              ///< bytes that are needed besides, such as a copy of the input
    std::uint64_t anywhere = 0;             ///< bytes of tensors, likewise
    bool network = true;                    ///< whether the runtime's library is needed
};
/// Where there is a limit, bundles that the engine keeps without a session give way to it.
/// @param limit  the most that may be added to the process, or taken of the GPU's memory; 0: no limit
MemoryShares divide_memory(LocalEngine &engine, std::uint64_t limit, const MemoryNeeds &needs);
/// The last plan, if it is of the same run. @throws Error budget, the message names the limit that would do
std::shared_ptr<const RunPlan> plan_run(SessionState &session, const Setup &setup, const MemoryShares &shares,
                                        std::int64_t width, std::int64_t height, const Cut &cut,
                                        const Look &look = {});
/// Whether the limit leaves room for the graph's weights beside what is fixed.
bool has_room(const SessionState &session, const MemoryShares &shares, const std::string &graph);
/// The smallest memory limit with which an image of this size can be done. @throws Error limit
std::uint64_t required_limit(const SessionState &session, const Setup &setup, const MemoryShares &shares,
                             std::int64_t width, std::int64_t height, Cut cut);

} // namespace mirra::host
