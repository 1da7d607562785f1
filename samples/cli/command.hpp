// What every command of `mirra` is made of.
#pragma once

#include "console.hpp"
#include "failure.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace mirra::cli {

/// A command: declares its options, is parsed, and runs once.
class Command {
  public:
    Command(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}
    virtual ~Command() = default;
    Command(const Command &) = delete;
    Command &operator=(const Command &) = delete;

    [[nodiscard]] const std::string &name() const noexcept { return name_; }
    [[nodiscard]] const std::string &summary() const noexcept { return summary_; }

    /// Adds the command's options to `app`; they are stored in the command.
    virtual void declare(CLI::App &app) = 0;
    /// Does the work. Throws Failure.
    virtual ExitCode run() = 0;

    [[nodiscard]] const Console &console() const noexcept { return console_; }

  protected:
    Console console_;

  private:
    std::string name_;
    std::string summary_;
};

using Commands = std::vector<std::unique_ptr<Command>>;

std::unique_ptr<Command> make_tasks_command();
std::unique_ptr<Command> make_info_command();
std::unique_ptr<Command> make_devices_command();
std::unique_ptr<Command> make_doctor_command();
std::unique_ptr<Command> make_graph_command();
std::unique_ptr<Command> make_bench_command();
std::unique_ptr<Command> make_compare_command();
std::unique_ptr<Command> make_noise_command();
std::unique_ptr<Command> make_sheet_command();
std::unique_ptr<Command> make_completion_command();
/// A task as a command. Throws Failure (usage) if no plugin has it.
std::unique_ptr<Command> make_task_command(const std::string &task);

/// All commands but the tasks, in the order of the help.
Commands make_commands();

/// The parser of a command, with its options declared.
std::unique_ptr<CLI::App> make_parser(Command &command);

} // namespace mirra::cli
