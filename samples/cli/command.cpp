// The list of commands, and how one of them is parsed.
#include "command.hpp"

#include "checks.hpp"

#include <CLI/CLI.hpp>
#include <array>

namespace mirra::cli {

// Each is the one function of commands/NAME.cpp; in the order of the help.
#define MIRRA_COMMANDS(COMMAND)                                                                              \
    COMMAND(tasks)                                                                                           \
    COMMAND(info)                                                                                            \
    COMMAND(devices)                                                                                         \
    COMMAND(doctor)                                                                                          \
    COMMAND(graph)                                                                                           \
    COMMAND(bench)                                                                                           \
    COMMAND(compare)                                                                                         \
    COMMAND(noise)                                                                                           \
    COMMAND(sheet)                                                                                           \
    COMMAND(new_plugin)                                                                                      \
    COMMAND(plugin_check)                                                                                    \
    COMMAND(completion)
#define MIRRA_DECLARE(name) std::unique_ptr<Command> make_##name##_command();
#define MIRRA_LIST(name) &make_##name##_command,
MIRRA_COMMANDS(MIRRA_DECLARE)

namespace {

constexpr std::array kCommands{MIRRA_COMMANDS(MIRRA_LIST)};

constexpr std::size_t kOptionColumn = 30;
constexpr std::size_t kHelpWidth = 100;

/// The parser prints descriptions as they are; this breaks them into lines of one column.
void wrap_descriptions(CLI::App &app) {
    for (auto *option : app.get_options())
        option->description(wrapped(option->get_description(), 0, kHelpWidth - kOptionColumn));
}

} // namespace

Command::Command(std::string name, std::string summary)
    : name_(std::move(name))
    , summary_(std::move(summary)) {}

Command::~Command() = default;

Commands make_commands() {
    Commands commands;
    for (const auto make : kCommands) commands.push_back(make());
    return commands;
}

CLI::App &Command::parser() {
    if (parser_) return *parser_;
    parser_ = std::make_unique<CLI::App>(summary_, "mirra " + name_);
    CLI::App *app = parser_.get();
    app->get_formatter()->column_width(kOptionColumn);
    app->footer(
        "Exit codes: 0 done, 1 some inputs failed, 2 usage, 3 input, 4 output, 5 bundle, plugin or device,\n"
        "6 memory, 70 a bug in Mirra, 130 cancelled.");
    declare(*app);
    refuse_non_finite(*app);
    wrap_descriptions(*app);
    return *app;
}

} // namespace mirra::cli
