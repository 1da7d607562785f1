// mirra-worker as a process of this one.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace mirra::host {

/// What a child finds its end of the connection to its parent as.
inline constexpr int kChildDescriptor = 3;

/// The program mirra-worker. @throws Error not_found
std::filesystem::path worker_program(const std::filesystem::path &beside);

/// A process in a group of its own, which signals of a terminal do not reach; ends with this. It reads
/// nothing from the standard input.
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
    /// Kills its whole group. Any thread may, as long as end() was not called.
    void kill() const noexcept;
    /// Kills what is left of it, waits, and says how it ended: " (Segmentation fault)"; "" where that is not
    /// known, as in a host that ignores its children.
    std::string end();

  private:
    /// Its status; negative where there is none.
    int kill_and_wait() noexcept;

    std::atomic<pid_t> id_ = -1;
};

} // namespace mirra::host
