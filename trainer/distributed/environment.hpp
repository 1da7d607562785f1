// Which of how many processes this one is, as torchrun, mpirun and srun tell it by environment variables.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

namespace mirra::trainer {

struct ProcessEnvironment {
    int rank = 0, world = 1;
    int local_rank = 0;                ///< among the processes of this computer: the GPU to take
    int local_world = 1;               ///< processes of this computer; all where the launcher does not say
    std::string address;               ///< where the process of rank 0 listens; empty when there is no other
    std::uint16_t port = 0;            ///< of that address
    bool launcher_store = false;       ///< the launcher listens there, not rank 0
    int attempt = 0;                   ///< restarts that this computer's elastic launcher has counted
    std::chrono::seconds timeout{600}; ///< the longest wait for another process
};

/// Looks a variable up; nullptr when it is not set.
using Variables = std::function<const char *(const char *name)>;

/// One process when no launcher's variables are set.
/// @throws Error invalid_argument when they are incomplete or contradict each other
ProcessEnvironment process_environment(const Variables &variables = [](const char *name) {
    return std::getenv(name);
});

/// @throws Error unsupported when a launcher has started several. @param task  that cannot share its work
void require_one_process(const std::string &task);

} // namespace mirra::trainer
