// What every command of `mirra` is made of.
#pragma once

#include "console.hpp"
#include "failure.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mirra::cli {

/// A command: declares its options, is parsed, and runs once.
class Command {
  public:
    Command(std::string name, std::string summary);
    virtual ~Command();
    Command(const Command &) = delete;
    Command &operator=(const Command &) = delete;

    [[nodiscard]] const std::string &name() const noexcept { return name_; }
    [[nodiscard]] const std::string &summary() const noexcept { return summary_; }

    /// Does the work. Throws Failure.
    virtual ExitCode run() = 0;
    /// The command's own parser, which it makes at the first call.
    [[nodiscard]] CLI::App &parser();

    [[nodiscard]] const Console &console() const noexcept { return console_; }

  protected:
    Console console_;

  private:
    /// Adds the command's options to `app`; they are stored in the command.
    virtual void declare(CLI::App &app) = 0;

    std::unique_ptr<CLI::App> parser_;
    std::string name_;
    std::string summary_;
};

using Commands = std::vector<std::unique_ptr<Command>>;

/// A task as a command. Throws Failure (usage) if no plugin has it; `others` are words that may have been
/// meant as well.
std::unique_ptr<Command> make_task_command(const std::string &task,
                                           const std::vector<std::string> &others = {});

/// All commands but the tasks, in the order of the help.
Commands make_commands();

} // namespace mirra::cli
