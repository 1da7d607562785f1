#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstring>

namespace sheet {
namespace {

namespace api = mirra::api;

std::string option_name(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return "--" + name;
}

/// The task decides which options there are, so it is looked for before them.
std::string task_of(int argc, char **argv) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--task") == 0 && i + 1 < argc) return argv[i + 1];
        if (std::strncmp(argv[i], "--task=", 7) == 0) return argv[i] + 7;
    }
    return {};
}

/// What a person reads about a parameter.
std::string about(const mirra_param_info &param) {
    std::string text = param.doc;
    if (param.type == MIRRA_TYPE_INT || param.type == MIRRA_TYPE_FLOAT)
        text += " From " + CLI::detail::to_string(param.minimum) + " to " +
                CLI::detail::to_string(param.maximum) + ".";
    for (std::uint32_t i = 0; i < param.choice_count; ++i)
        text += (i == 0 ? " Or: " : ", ") + std::string(param.choices[i]);
    return text;
}

/// An option for each parameter and each further picture of the task. Of a series the first is enough here.
void add_task_options(CLI::App &app, const api::Engine &engine, Options &options) {
    const std::string group = "Options of the task " + options.task;
    bool first = true;
    for (const mirra_port_info &port : engine.ports(options.task)) {
        if (port.type != MIRRA_TYPE_IMAGE || port.direction != MIRRA_PORT_INPUT || port.series_place > 1)
            continue;
        if (std::exchange(first, false)) continue; // the picture itself
        CLI::Option *option = app.add_option_function<std::string>(
            option_name(port.name),
            [&options, name = std::string(port.name)](const std::string &file) {
                options.pictures[name] = file;
            },
            port.doc);
        option->group(group)->type_name("FILE")->check(CLI::ExistingFile);
        if ((port.flags & MIRRA_PORT_OPTIONAL) == 0) option->required();
    }
    for (const mirra_param_info &param : engine.params(options.task)) {
        std::string name = option_name(param.name);
        if (param.series_place > 1) continue;
        if (app.get_option_no_throw(name) != nullptr) name = "--task-" + name.substr(2);
        app.add_option_function<std::string>(
               name,
               [&options, key = std::string(param.name)](const std::string &value) {
                   options.parameters[key] = value;
               },
               about(param))
            ->group(group)
            ->type_name(param.unit[0] != '\0' ? param.unit : "VALUE");
    }
}

} // namespace

std::optional<Options> parse(int argc, char **argv, const api::Engine &engine, int &exit_code) {
    Options options;
    options.task = task_of(argc, argv);
    CLI::App app(
        "Puts the pictures of a folder on contact sheets, with their names. With --task, each picture stands "
        "beside\nwhat the task makes of it.",
        "contact_sheet");
    app.add_option("FOLDER", options.folder, "Folder with PNG, JPEG, TIFF, WebP or JPEG XL files.")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("OUTPUT", options.output, "sheets.png makes sheets-1.png, sheets-2.png, ...; or .jpg")
        ->required();
    app.add_option("--columns", options.columns, "Pictures, or pairs, beside each other (4).")
        ->check(CLI::Range(1, 100));
    app.add_option("--rows", options.rows, "Pictures below each other (5).")->check(CLI::Range(1, 100));
    app.add_option("--cell", options.cell,
                   "Most width and height of a picture on the sheet, in pixels (320).")
        ->check(CLI::Range(32, 2000));
    std::string again;
    app.add_option("--task", again,
                   "Task for pairs, such as denoise. Its own options follow: --task denoise --help.");
    app.add_option("--quality", options.quality, "fast, balanced or best.");
    app.add_option("--bundle", options.bundle, "Bundle of the task (its own).");
    app.add_option("--memory-limit", options.memory_mb, "Most memory of a run, in MB (no limit).");
    app.add_option("--max-megapixels", options.megapixels, "Larger pictures are refused (100).")
        ->check(CLI::Range(1, 1000000));
    app.footer(
        "Exit codes: 0 done, 1 failed, or some pictures could not be used, 2 wrong usage, 130 stopped.");
    if (!options.task.empty()) add_task_options(app, engine, options);
    try {
        app.parse(argc, argv);
        return options;
    } catch (const CLI::ParseError &error) {
        exit_code = app.exit(error) == 0 ? 0 : 2;
        return std::nullopt;
    }
}

} // namespace sheet
