// Names of the library and names of options.
#include "option_names.hpp"

#include "schema.hpp"
#include "suggest.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace mirra::cli {
namespace {

/// "style" of "style_2".
std::string without_number(const std::string &name) {
    const auto end = name.find_last_not_of("0123456789");
    return end != std::string::npos && end + 1 < name.size() && name[end] == '_' ? name.substr(0, end) : name;
}

std::string named_by(const CLI::App &app, const std::string &subject) {
    const std::string option = option_name(subject);
    // A plugin's parameter that is called like an option of ours comes first: ours are checked before.
    for (const std::string &name :
         {"--task-" + option.substr(2), option, option_name(without_number(subject))})
        if (app.get_option_no_throw(name) != nullptr) return name;
    return "";
}

/// The option that has this text for its value. None where several have it, for which is meant is not known;
/// an output is never what the positional arguments say.
std::string given_to(const CLI::App &app, const Failure &failure) {
    std::vector<std::string> found;
    for (const auto *option : app.get_options()) {
        const auto &names = option->get_lnames();
        const auto &values = option->results();
        if (std::find(values.begin(), values.end(), failure.subject()) == values.end()) continue;
        if (names.empty() && failure.exit_code() == ExitCode::output) continue;
        found.push_back(names.empty() ? "" : "--" + names.front());
    }
    return found.size() == 1 ? found.front() : "";
}

} // namespace

Failure with_option(const CLI::App &app, const Failure &failure) {
    if (failure.subject().empty()) return failure;
    std::string option = named_by(app, failure.subject());
    if (option.empty()) option = given_to(app, failure);
    return option.empty() ? failure : failure.of_option(std::move(option));
}

std::string named_option(const CLI::App &app, const std::string &message) {
    for (const auto *option : app.get_options())
        for (const auto &name : option->get_lnames())
            if (message.starts_with("--" + name + ":") || message.starts_with("--" + name + " "))
                return "--" + name;
    return "";
}

std::string suggested_option(const CLI::App &app) {
    const auto extras = app.remaining();
    if (extras.empty() || !extras.front().starts_with("--")) return "";
    std::vector<std::string> names;
    for (const auto *option : app.get_options())
        for (const auto &name : option->get_lnames()) names.push_back("--" + name);
    return suggestion(extras.front().substr(0, extras.front().find('=')), names);
}

} // namespace mirra::cli
