// mirra doctor: what was looked for, what was found, and what to do about the rest.
#include "../command.hpp"
#include "../devices.hpp"
#include "../loading.hpp"
#include "../schema.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace mirra::cli {
namespace {

Json plugins_json(const Engine &engine) {
    Json plugins = Json::array();
    for (const mirra_plugin_record &record : in_phase(Phase::setup, [&] { return engine.plugins(); }))
        plugins.push_back({{"path", record.path},
                           {"loaded", record.loaded != 0},
                           {"id", record.id},
                           {"version", record.version},
                           {"abi", record.abi},
                           {"tasks", record.task_count},
                           {"reason", record.reason}});
    return plugins;
}

Json bundles_json(const Engine &engine) {
    Json bundles = Json::array();
    for (std::uint32_t i = 0; i < mirra_engine_bundle_count(engine.get()); ++i) {
        const auto record =
            get<mirra_bundle_record>(Phase::setup, [&](mirra_bundle_record *out, mirra_error **e) {
                return mirra_engine_bundle(engine.get(), i, out, e);
            });
        bundles.push_back({{"path", record.path},
                           {"usable", record.usable != 0},
                           {"name", record.name},
                           {"task", record.task},
                           {"quality", record.quality},
                           {"bytes", record.bytes},
                           {"reason", record.reason}});
    }
    return bundles;
}

/// A module that ends the process that loads it is a problem like others.
Json runtime_json(const Engine &engine) {
    mirra_runtime_info info{};
    std::string failed;
    try {
        info = in_phase(Phase::setup, [&] { return engine.runtime(); });
    } catch (const Failure &failure) {
        failed = failure.text();
        info.path = info.version = info.libtorch_path = info.libtorch_origin = info.libtorch_version = "";
        info.reason = failed.c_str();
    }
    return {{"usable", info.usable != 0},
            {"path", info.path},
            {"version", info.version},
            {"reason", info.reason},
            {"base_bytes", info.base_bytes},
            {"libtorch", info.libtorch_path},
            {"libtorch_origin", info.libtorch_origin},
            {"libtorch_version", info.libtorch_version}};
}

/// The task's default bundle: where it is, or why it is not there.
Json bundle_json(const Engine &engine, const Task &task) {
    Json out{{"task", task.name},
             {"bundle", task.default_bundle},
             {"path", ""},
             {"qualities", task.qualities},
             {"reason", ""}};
    try {
        out["path"] = find_bundle(engine, task.default_bundle);
        open_bundle(out["path"].get<std::string>());
    } catch (const Failure &failure) {
        out["reason"] = failure.text();
    }
    return out;
}

/// An engine in which a plugin may crash or hang without harm.
struct Worker {
    Engine engine;
    std::string reason; ///< why the plugins are in this process after all
};

Worker make_worker() {
    try {
        return {make_engine(MIRRA_ISOLATION_PROCESS), ""};
    } catch (const Failure &failure) {
        return {make_engine(), failure.text()};
    }
}

class DoctorCommand final : public Command {
  public:
    DoctorCommand() : Command("doctor", "Checks plugins, bundles, runtime module and devices.") {}

    void declare(CLI::App &app) override { console_.declare_json(app); }

    ExitCode run() override {
        const Worker worker = make_worker();
        const Engine &engine = worker.engine;
        Json bundles = Json::array();
        for (const auto &task : read_schema(engine))
            if (!task.default_bundle.empty()) bundles.push_back(bundle_json(engine, task));
        Json report{{"version", mirra_version_string()},    {"abi", mirra_abi_version()},
                    {"plugins", plugins_json(engine)},      {"bundles", bundles},
                    {"bundle_files", bundles_json(engine)}, {"runtime", runtime_json(engine)},
                    {"devices", devices_json(engine)}};
        report["problems"] = problems(report);
        if (!worker.reason.empty()) report["problems"].push_back("mirra-worker: " + worker.reason);
        console_.json() ? console_.document(report) : print(report);
        return report["problems"].empty() ? ExitCode::ok : ExitCode::setup;
    }

  private:
    /// Of some task: that is reported with the task.
    static bool is_default(const Json &report, const Json &file) {
        const auto same = [&](const Json &bundle) {
            return bundle["path"].get<std::string>() == file["path"].get<std::string>();
        };
        return std::ranges::any_of(report["bundles"], same);
    }

    static Json problems(const Json &report) {
        Json out = Json::array();
        bool any = false;
        for (const auto &plugin : report["plugins"]) {
            any = any || plugin["loaded"].get<bool>();
            if (!plugin["loaded"].get<bool>())
                out.push_back("plugin " + plugin["path"].get<std::string>() + ": " +
                              plugin["reason"].get<std::string>());
        }
        if (!any) out.push_back("no plugin was found: set MIRRA_PLUGIN_PATH to the folder that holds them");
        for (const auto &bundle : report["bundles"])
            if (const auto reason = bundle["reason"].get<std::string>(); !reason.empty())
                out.push_back("bundle of " + bundle["task"].get<std::string>() + ": " + reason);
        for (const auto &file : report["bundle_files"])
            if (!file["usable"].get<bool>() && !is_default(report, file))
                out.push_back("bundle " + file["path"].get<std::string>() + ": " +
                              file["reason"].get<std::string>());
        if (!report["runtime"]["usable"].get<bool>())
            out.push_back("runtime module: " + report["runtime"]["reason"].get<std::string>());
        return out;
    }

    static std::string file_line(const Json &file) {
        const auto task = file["task"].get<std::string>(), quality = file["quality"].get<std::string>();
        return "bundle   " + (task.empty() ? "-" : task) + (quality.empty() ? "" : " " + quality) + "  " +
               file["path"].get<std::string>();
    }

    void print(const Json &report) const {
        console_.result("mirra " + report["version"].get<std::string>() + ", ABI " + report["abi"].dump());
        for (const auto &plugin : report["plugins"])
            if (plugin["loaded"].get<bool>())
                console_.result("plugin   " + plugin["id"].get<std::string>() + " " +
                                plugin["version"].get<std::string>() + "  " +
                                plugin["path"].get<std::string>());
        for (const auto &bundle : report["bundles"])
            if (bundle["reason"].get<std::string>().empty())
                console_.result("bundle   " + bundle["task"].get<std::string>() + "  " +
                                bundle["path"].get<std::string>());
        for (const auto &file : report["bundle_files"])
            if (file["usable"].get<bool>() && !is_default(report, file)) console_.result(file_line(file));
        if (const Json &runtime = report["runtime"]; runtime["usable"].get<bool>())
            console_.result("runtime  " + runtime["version"].get<std::string>() + "  " +
                            runtime["path"].get<std::string>());
        if (const auto libtorch = report["runtime"]["libtorch"].get<std::string>(); !libtorch.empty())
            console_.result("libtorch " + libtorch + "  (" +
                            report["runtime"]["libtorch_origin"].get<std::string>() + ")");
        for (const auto &device : report["devices"]) console_.result("device   " + device_line(device));
        for (const auto &problem : report["problems"])
            console_.result("PROBLEM  " + problem.get<std::string>());
        if (report["problems"].empty()) console_.result("no problem found");
    }
};

} // namespace

std::unique_ptr<Command> make_doctor_command() {
    return std::make_unique<DoctorCommand>();
}

} // namespace mirra::cli
