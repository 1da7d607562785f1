// mirra-train as processes of their own, as a launcher starts them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace mirra::test {

using Variables = std::map<std::string, std::string>;

/// A running mirra-train, killed at the end of its scope.
class TrainProcess {
  public:
    /// @param variables  added to this process's environment
    /// @param log  gets its output
    TrainProcess(const std::vector<std::string> &arguments, const Variables &variables,
                 std::filesystem::path log);
    TrainProcess(const TrainProcess &) = delete;
    TrainProcess &operator=(const TrainProcess &) = delete;
    ~TrainProcess();

    void signal(int number) const;
    /// The exit status, or minus the signal that ended it.
    int wait();
    [[nodiscard]] std::string output() const;
    /// Waits until the output holds the text. False when the process ended without it.
    bool wait_for(const std::string &text);
    /// The same until a file exists.
    bool wait_for_file(const std::filesystem::path &path);

  private:
    bool running();
    pid_t id_ = -1;
    int status_ = 0;
    bool ended_ = false;
    std::filesystem::path log_;
};

/// What torchrun sets for one of `world` processes.
Variables launched(int rank, int world, int port);

} // namespace mirra::test
