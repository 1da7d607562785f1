// The `mirra` command: picks the command or task, runs it and turns failures into messages and exit codes.
#include "command.hpp"
#include "loading.hpp"
#include "option_names.hpp"
#include "own_output.hpp"
#include "printable.hpp"
#include "schema.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <poll.h>
#include <span>
#include <unistd.h>

namespace mirra::cli {
namespace {

using Arguments = std::vector<std::string>;

std::string padded(const std::string &text) {
    return text + std::string(text.size() < 13 ? 13 - text.size() : 1, ' ');
}

void print_help() {
    std::cout << "Usage: mirra COMMAND [OPTIONS]\n       mirra TASK INPUT... -o OUTPUT [OPTIONS]\n\nTasks:\n";
    for (const auto &task : read_schema(make_engine()))
        std::cout << "  " << padded(printable(task.name)) << printable(task.label) << '\n';
    std::cout << "\nCommands:\n  " << padded("run")
              << "Runs a task: `mirra run TASK` is the same as `mirra TASK`.\n";
    for (const auto &command : make_commands())
        std::cout << "  " << padded(command->name()) << command->summary() << '\n';
    std::cout << R"(
`mirra COMMAND --help` and `mirra TASK --help` say more. `mirra --version` prints the version.

Exit codes:
  0    done
  1    of several inputs some failed; the others are done
  2    usage: an unknown command, task or option, or a value that is not accepted
  3    an input file is missing, unreadable, damaged or too large
  4    an output cannot be written
  5    a bundle, plugin, device or the runtime module is missing or cannot be used
  6    the memory limit is too small, or memory ran out
  70   a bug in Mirra
  130  cancelled (Ctrl-C); no unfinished file is left behind
)";
}

std::unique_ptr<Command> find_command(const std::string &name) {
    std::vector<std::string> names{"run", "help"};
    for (auto &command : make_commands()) {
        if (command->name() == name) return std::move(command);
        names.push_back(command->name());
    }
    return make_task_command(name, names);
}

/// Parses and runs one command; arguments are those after its name.
ExitCode run_command(const std::unique_ptr<Command> &command, Arguments arguments) {
    const std::string name = command->name();
    CLI::App &app = command->parser();
    // CLI11 takes the arguments from the back.
    std::reverse(arguments.begin(), arguments.end());
    try {
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp &) {
        std::cout << printable_lines(app.help());
        return ExitCode::ok;
    } catch (const CLI::ParseError &error) {
        const Failure failure(ExitCode::usage, error.what(), name,
                              suggested_option(app) + "`mirra " + name + " --help` lists the options");
        const std::string option = named_option(app, error.what());
        throw option.empty() ? failure : failure.of_option(option);
    }
    try {
        return command->run();
    } catch (const Failure &failure) {
        throw with_option(app, failure);
    }
}

ExitCode dispatch(Arguments arguments) {
    const auto take = [&arguments] {
        std::string first = std::move(arguments.front());
        arguments.erase(arguments.begin());
        return first;
    };
    if (arguments.empty()) {
        print_help();
        return ExitCode::usage;
    }
    std::string name = take();
    if (name == "--version") {
        std::cout << "mirra " << mirra_version_string() << '\n';
        return ExitCode::ok;
    }
    const bool help = name == "help" || name == "-h" || name == "--help";
    if (help && arguments.empty()) {
        print_help();
        return ExitCode::ok;
    }
    if (help) return run_command(find_command(take()), {"--help"});
    if (name != "run") return run_command(find_command(name), std::move(arguments));
    if (arguments.empty() || arguments.front().starts_with('-'))
        throw Failure(ExitCode::usage, "run needs the name of a task", "run", "`mirra tasks` lists them");
    name = take();
    return run_command(make_task_command(name), std::move(arguments));
}

/// Has the reader of the standard output, a pipe, left? Then there is nobody to tell, and the program ends as
/// others do: by SIGPIPE, unless the caller ignores it.
void end_with_reader(int descriptor) {
    pollfd output{descriptor, 0, 0};
    if (poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0) std::raise(SIGPIPE);
}

/// A standard descriptor that the caller closed would be given to the first file that is opened. It is taken,
/// in the direction in which using it fails.
void open_standard_descriptors() {
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
        if (fcntl(descriptor, F_GETFD) < 0)
            static_cast<void>(open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

void report(const Failure &failure, bool json) {
    if (json) Console{}.document(Json{{"error", failure.json()}});
    Console{}.error(failure);
}

int guarded_main(const Arguments &arguments) {
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    std::optional<OwnOutput> own;
    if (json) own.emplace();
    try {
        const ExitCode code = dispatch(arguments);
        std::cout.flush();
        if (!std::cout) throw Failure(ExitCode::output, "the standard output cannot be written", "stdout");
        return static_cast<int>(code);
    } catch (const Failure &failure) {
        if (failure.exit_code() == ExitCode::output)
            end_with_reader(own && own->descriptor() >= 0 ? own->descriptor() : STDOUT_FILENO);
        report(failure, json);
        return static_cast<int>(failure.exit_code());
    } catch (const std::bad_alloc &) {
        report(Failure(ExitCode::memory, "memory ran out"), json);
        return static_cast<int>(ExitCode::memory);
    } catch (const std::exception &error) {
        report(Failure(ExitCode::internal, error.what(), "internal error"), json);
        return static_cast<int>(ExitCode::internal);
    }
}

} // namespace
} // namespace mirra::cli

int main(int argc, char **argv) {
    mirra::cli::open_standard_descriptors();
    const std::span<char *> arguments(argv, static_cast<std::size_t>(argc));
    return mirra::cli::guarded_main({arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end()});
}
