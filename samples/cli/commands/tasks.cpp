// mirra tasks: the tasks that the plugins bring.
#include "../command.hpp"
#include "../loading.hpp"
#include "../series.hpp"
#include "../task_run.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

class TasksCommand final : public Command {
  public:
    TasksCommand() : Command("tasks", "Lists the tasks and their parameters.") {}

    void declare(CLI::App &app) override { console_.declare_json(app); }

    ExitCode run() override {
        const Engine engine = make_engine();
        if (console_.json()) {
            console_.document(Json::parse(mirra_engine_schema_json(engine.get())));
            return ExitCode::ok;
        }
        const auto tasks = read_schema(engine);
        for (const auto &task : tasks) print(task);
        if (tasks.empty()) console_.note("no task: no plugin was found; `mirra doctor` says where it looked");
        return ExitCode::ok;
    }

  private:
    void print(const Task &task) const {
        console_.result(task.name + "  " + task.label + "  [" + task.plugin_id + " " + task.plugin_version +
                        "]");
        if (!task.doc.empty()) console_.block(wrapped(task.doc, 4));
        if (!task.qualities.empty()) console_.result("    --quality  " + joined(task.qualities));
        const auto series = find_series(task, primary_port(task, true));
        for (const auto &each : series)
            console_.result("    " + option_name(each.name()) + " " + each.syntax() + "  " +
                            each.pictures.front()->label + ", up to " + std::to_string(each.pictures.size()));
        for (const auto &param : task.params) {
            if (std::ranges::any_of(series, [&](const Series &each) { return each.has(param); })) continue;
            const std::string range = range_text(param);
            console_.result("    " + option_name(param.name) + "  " + param.label + ", " +
                            type_name(param.type) + (range.empty() ? "" : " " + range) +
                            (param.default_text.empty() ? "" : " (" + param.default_text + ")"));
        }
    }
};

} // namespace

std::unique_ptr<Command> make_tasks_command() {
    return std::make_unique<TasksCommand>();
}

} // namespace mirra::cli
