// mirra new-plugin: begins a plugin as a project of its own.
#include "../checks.hpp"
#include "../command.hpp"
#include "../plugin_project.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class NewPluginCommand final : public Command {
  public:
    NewPluginCommand()
        : Command("new-plugin", "Begins a plugin in C, C++ or Rust: source, project, test, README.") {}

    void declare(CLI::App &app) override {
        console_.declare(app);
        app.add_option("NAME", name_,
                       "Name of the plugin and its task: lower case letters, digits, and - between them.")
            ->required();
        app.add_option("--lang", language_, joined(plugin_languages()) + " (" + language_ + ").")
            ->check(one_of(plugin_languages()));
        app.add_option("--folder", folder_, "Folder of the project, made if it is missing (NAME).");
    }

    ExitCode run() override {
        if (const std::string reason = objection_to_name(name_); !reason.empty())
            throw Failure(ExitCode::usage, "'" + name_ + "' cannot be the name of a task: " + reason, "NAME",
                          "such as my-blur");
        const std::string folder = folder_.empty() ? name_ : folder_;
        const auto files = write_plugin_project(language_, name_, folder);
        if (console_.json()) console_.document(Json{{"name", name_}, {"folder", folder}, {"files", files}});
        if (console_.json()) return ExitCode::ok;
        for (const std::string &file : files) console_.result(file);
        console_.note("README.md says how it is built and tried");
        return ExitCode::ok;
    }

  private:
    std::string name_, folder_, language_ = "c";
};

} // namespace

std::unique_ptr<Command> make_new_plugin_command() {
    return std::make_unique<NewPluginCommand>();
}

} // namespace mirra::cli
