// mirra plugin-check: tries a plugin, and says what is wrong with it and where.
#include "../checks.hpp"
#include "../command.hpp"
#include "../plugin_check/check.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

using namespace conformance;
namespace fs = std::filesystem;

/// The absolute path of a plugin's file. Throws Failure (input, usage).
std::string plugin_file(const std::string &given) {
    std::error_code error;
    fs::path path = fs::absolute(given, error);
    if (fs::is_directory(path, error)) path /= "plugin.so";
    if (!fs::is_regular_file(path, error))
        throw Failure(ExitCode::input, "there is no such file", path.string(), "name the plugin's .so file");
    if (path.string().find(':') != std::string::npos)
        throw Failure(ExitCode::usage, "a path with ':' cannot be searched for plugins", path.string(),
                      "put the plugin into another folder");
    return path.lexically_normal().string();
}

Engine isolated_engine(const std::string &file) {
    api::EngineOptions options;
    options.flags = MIRRA_ISOLATION_PROCESS | MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = file;
    return in_phase(Phase::setup, [&] { return Engine::create(options); });
}

class PluginCheckCommand final : public Command {
  public:
    PluginCheckCommand()
        : Command("plugin-check", "Tries a plugin on many pictures, and says what is wrong with it.") {}

    void declare(CLI::App &app) override {
        console_.declare_json(app);
        app.add_option("FILE", file_, "The plugin, a .so file.")->required();
        app.add_option("--task", task_, "Checks this task alone (all that the plugin brings).");
        app.add_option("--bundle", settings_.bundle, "Networks, by path or file name (the task's own).");
        app.add_option("--set", set_, "NAME=VALUE: a parameter of all runs. May be given several times.");
        app.add_option("--give", settings_.ports,
                       "An optional input that all runs have. May be given several times.");
        app.add_option("--time-limit", settings_.seconds,
                       "Seconds after which a call that shows no progress is ended (60).")
            ->check(between(1.0, 86400.0));
    }

    ExitCode run() override {
        settings_.file = plugin_file(file_);
        read_params();
        // Before any engine or thread is there.
        const Nursery nursery([this](const std::string &errand) { return do_errand(settings_, errand); },
                              settings_.seconds);
        const Interrupt interrupt;
        const Engine engine = isolated_engine(settings_.file);
        Watchdog watchdog(engine, settings_.seconds);
        report_ = {{"file", settings_.file}, {"tasks", Json::array()}};
        if (loads(engine))
            for (Task &task : tasks(engine))
                check(Lab(engine, watchdog, interrupt, nursery, settings_, std::move(task)));
        report_["failed"] = failed_;
        if (console_.json()) console_.document(report_);
        if (!console_.json()) console_.result(failed_ == 0 ? "no fault found" : summary());
        return failed_ == 0 ? ExitCode::ok : ExitCode::setup;
    }

  private:
    void read_params() {
        for (const std::string &text : set_) {
            const auto at = text.find('=');
            if (at == std::string::npos || at == 0)
                throw Failure(ExitCode::usage, "'" + text + "' is not NAME=VALUE", "--set");
            settings_.params[text.substr(0, at)] = text.substr(at + 1);
        }
    }

    [[nodiscard]] std::string summary() const {
        return std::to_string(failed_) + (failed_ == 1 ? " check" : " checks") + " FAILED";
    }

    /// Whether the library has taken the plugin.
    bool loads(const Engine &engine) {
        Findings findings;
        const auto records = in_phase(Phase::setup, [&] { return engine.plugins(); });
        for (const mirra_plugin_record &record : records) {
            report_["plugin"] = {{"id", record.id}, {"version", record.version}, {"abi", record.abi}};
            if (record.loaded == 0) findings.fault("", record.reason);
            console_.json()
                ? void()
                : console_.result(std::string(record.id) + " " + record.version + "  " + settings_.file);
        }
        if (records.empty()) findings.fault("", "it was not found by the search for plugins");
        report_["loads"] = said("loads", "the file is a plugin of an ABI that fits", findings);
        return findings.result() != Outcome::failed;
    }

    [[nodiscard]] std::vector<Task> tasks(const Engine &engine) const {
        if (task_.empty()) return read_schema(engine);
        std::vector<Task> one;
        one.push_back(read_task(engine, task_));
        return one;
    }

    void check(const Lab &lab) {
        if (!console_.json()) console_.block("\n" + lab.task().name);
        Json checks = Json::array();
        for (const Check &each : all_checks()) {
            const Findings findings = run_check(each, lab);
            checks.push_back(said(each.name, each.about, findings));
            if (findings.ended()) break;
        }
        report_["tasks"].push_back({{"task", lab.task().name}, {"checks", checks}});
    }

    /// Prints a check's result and gives it as JSON.
    Json said(const std::string &name, const std::string &about, const Findings &findings) {
        const Outcome result = findings.result();
        failed_ += result == Outcome::failed ? 1 : 0;
        Json json = findings.json();
        json["name"] = name;
        json["about"] = about;
        if (console_.json()) return json;
        console_.result("  " + column(result_text(result), 11) + "  " + column(name, 14) + "  " + about);
        for (const Finding &finding : findings.all())
            console_.result(
                "      " + (finding.result == result ? "" : std::string(result_text(finding.result)) + ": ") +
                finding.where + (finding.where.empty() ? "" : ": ") + finding.what);
        return json;
    }

    static std::string column(std::string text, std::size_t width) {
        text.resize(std::max(text.size(), width), ' ');
        return text;
    }

    std::string file_, task_;
    std::vector<std::string> set_;
    Settings settings_;
    Json report_;
    int failed_ = 0;
};

} // namespace

std::unique_ptr<Command> make_plugin_check_command() {
    return std::make_unique<PluginCheckCommand>();
}

} // namespace mirra::cli
