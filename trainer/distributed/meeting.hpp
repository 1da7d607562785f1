// Finding the processes that were started together, in a store that may hold what earlier ones left.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>
#include <string>

namespace mirra::trainer {

struct Meeting {
    std::string name;   ///< the same in all processes that met, another each time
    bool first = false; ///< nobody met in this store before
};

/// An elastic launcher keeps its store when it starts the processes anew, and its agents count their
/// restarts one by one, so that no variable names the start that a process belongs to.
/// @throws std::runtime_error when not all processes have come within the timeout
Meeting meet(c10d::Store &store, int rank, int size, std::chrono::milliseconds timeout);

} // namespace mirra::trainer
