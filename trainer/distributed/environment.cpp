// Reading the launchers' variables.
#include "distributed/environment.hpp"

#include "core/text.hpp"
#include "mirra/error.hpp"

#include <cstring>
#include <limits>

namespace mirra::trainer {
namespace {

constexpr int kMany = std::numeric_limits<int>::max();

struct Names {
    const char *rank, *world, *local_rank, *local_world;
};

// torchrun may run under the other two, and mpirun under Slurm, so the innermost launcher comes first.
constexpr Names kLaunchers[] = {
    {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_NTASKS_PER_NODE"},
};

[[noreturn]] void missing(const char *name, const char *because) {
    throw Error(
        ErrorCode::invalid_argument,
        std::string("the environment variable ") + name + " is not set, but " + because + " is", name,
        "start all processes with torchrun, srun or mpirun (docs/how-to/train-encoders.md), or unset " +
            std::string(because) + " to train in one process");
}

int number(const Variables &variables, const char *name, int minimum, int maximum) {
    const std::string text = variables(name);
    const auto value = number_of<int>(text);
    if (!value || *value < minimum || *value > maximum)
        throw Error(ErrorCode::invalid_argument,
                    std::string("the environment variable ") + name + " is '" + text + "'", name,
                    "set it to an integer from " + std::to_string(minimum) + " to " +
                        std::to_string(maximum));
    return *value;
}

void read_launcher(const Variables &variables, const Names &names, ProcessEnvironment &out) {
    if (!variables(names.world)) missing(names.world, names.rank);
    out.world = number(variables, names.world, 1, kMany);
    out.rank = number(variables, names.rank, 0, out.world - 1);
    if (variables(names.local_rank)) out.local_rank = number(variables, names.local_rank, 0, out.world - 1);
    out.local_world = out.world;
    if (variables(names.local_world)) out.local_world = number(variables, names.local_world, 1, kMany);
    if (out.world == 1) return;
    for (const auto *name : {"MASTER_ADDR", "MASTER_PORT"})
        if (!variables(name)) missing(name, names.rank);
    out.address = variables("MASTER_ADDR");
    out.port = static_cast<std::uint16_t>(
        number(variables, "MASTER_PORT", 1, std::numeric_limits<std::uint16_t>::max()));
}

} // namespace

ProcessEnvironment process_environment(const Variables &variables) {
    ProcessEnvironment out;
    for (const auto &names : kLaunchers) {
        if (!variables(names.rank)) continue;
        read_launcher(variables, names, out);
        const char *agent = variables("TORCHELASTIC_USE_AGENT_STORE");
        out.launcher_store = agent && std::strcmp(agent, "True") == 0;
        if (const char *name = "TORCHELASTIC_RESTART_COUNT"; variables(name))
            out.attempt = number(variables, name, 0, kMany);
        if (const char *name = "MIRRA_DISTRIBUTED_TIMEOUT"; variables(name))
            out.timeout = std::chrono::seconds(number(variables, name, 1, 1'000'000));
        return out;
    }
    if (variables("WORLD_SIZE")) missing("RANK", "WORLD_SIZE");
    return out;
}

void require_one_process(const std::string &task) {
    const auto world = process_environment().world;
    if (world > 1)
        throw Error(ErrorCode::unsupported,
                    task + " training runs in one process, and " + std::to_string(world) + " were started",
                    "", "start it without torchrun, srun or mpirun");
}

} // namespace mirra::trainer
