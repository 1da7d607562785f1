// The list of commands, and how one of them is parsed.
#include "command.hpp"

#include "checks.hpp"

namespace mirra::cli {
namespace {

constexpr std::size_t kOptionColumn = 30;
constexpr std::size_t kHelpWidth = 100;

/// The parser prints descriptions as they are; this breaks them into lines of one column.
void wrap_descriptions(CLI::App &app) {
    for (auto *option : app.get_options())
        option->description(wrapped(option->get_description(), 0, kHelpWidth - kOptionColumn));
}

} // namespace

Commands make_commands() {
    Commands commands;
    commands.push_back(make_tasks_command());
    commands.push_back(make_info_command());
    commands.push_back(make_devices_command());
    commands.push_back(make_doctor_command());
    commands.push_back(make_graph_command());
    commands.push_back(make_bench_command());
    commands.push_back(make_compare_command());
    commands.push_back(make_noise_command());
    commands.push_back(make_sheet_command());
    commands.push_back(make_completion_command());
    return commands;
}

std::unique_ptr<CLI::App> make_parser(Command &command) {
    auto app = std::make_unique<CLI::App>(command.summary(), "mirra " + command.name());
    app->get_formatter()->column_width(kOptionColumn);
    app->footer(
        "Exit codes: 0 done, 1 some inputs failed, 2 usage, 3 input, 4 output, 5 bundle, plugin or device,\n"
        "6 memory, 70 a bug in Mirra, 130 cancelled.");
    command.declare(*app);
    refuse_non_finite(*app);
    wrap_descriptions(*app);
    return app;
}

} // namespace mirra::cli
