// mirra-worker as a process of this one.
#pragma once

#include "mirra/descriptor.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace mirra::host {

/// What a child finds its end of the connection to its parent as.
inline constexpr int kChildDescriptor = 3;

/// The program mirra-worker. @throws Error not_found
std::filesystem::path worker_program(const std::filesystem::path &beside);

/// How a process ended.
struct ProcessEnd {
    std::string text;    ///< " (Segmentation fault)"; "" where it is not known, as in a host that ignores its
                         ///< children
    bool killed = false; ///< by SIGKILL
};

/// A process in a group of its own, which signals of a terminal do not reach; ends with this. It reads
/// nothing from the standard input. One thread at a time.
class ChildProcess {
  public:
    /// What becomes of what it writes to the standard output and the standard error.
    enum class Output : std::uint8_t { dropped, shared };

    /// @param connection  what it inherits as kChildDescriptor
    /// @throws Error limit
    ChildProcess(const std::filesystem::path &program, std::vector<std::string> arguments, int connection,
                 Output output);
    ChildProcess(const ChildProcess &) = delete;
    ChildProcess &operator=(const ChildProcess &) = delete;
    ~ChildProcess();

    [[nodiscard]] pid_t id() const noexcept { return id_; }
    /// Readable once it has ended; negative where the system has none such.
    [[nodiscard]] int ended_descriptor() const noexcept { return ended_.get(); }
    /// Whether it ends by itself within that time.
    [[nodiscard]] bool ends_within(std::chrono::milliseconds time) const noexcept;
    /// Kills what is left of its group, waits, and says how it ended. Later calls say the same.
    const ProcessEnd &end();

  private:
    pid_t id_ = -1;
    Descriptor ended_;
    bool waited_ = false;
    ProcessEnd how_;
};

} // namespace mirra::host
