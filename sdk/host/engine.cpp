// What all engines have: tasks by name, bundles by name, runs that end together.
#include "bundle_list.hpp"
#include "engine_runs.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "paths.hpp"
#include "plugin.hpp"
#include "process_life.hpp"

#include <algorithm>

namespace mirra::host {

namespace {

/// For one who asks for a task of a plugin that is not there.
std::string where_its_plugin_is(const std::vector<PluginRecord> &records) {
    const auto passed_over = std::ranges::count(records, false, &PluginRecord::loaded);
    if (passed_over == 0) return " Plugins of your own are found in the folders of MIRRA_PLUGIN_PATH.";
    const PluginRecord &first = *std::ranges::find(records, false, &PluginRecord::loaded);
    return " Plugins that were passed over: " + std::to_string(passed_over) +
           "; `mirra doctor` says why. The first is " + first.path + ": " + first.reason;
}

} // namespace

Engine::Engine(EngineOptions options) : options_(std::move(options)), runs_(std::make_shared<EngineRuns>()) {}

Engine::~Engine() = default;

void Engine::list(std::vector<const TaskInfo *> tasks) {
    tasks_ = std::move(tasks);
    schema_ = schema_of(tasks_);
    bundle_list_ =
        std::make_unique<BundleList>([this](const TaskInfo *task) { return bundle_places(task); }, tasks_);
}

const TaskInfo &Engine::task(std::string_view name) const {
    std::vector<std::string> names;
    for (const TaskInfo *each : tasks_) {
        names.push_back(each->name());
        if (names.back() == name || each->full_name() == name) return *each;
    }
    const std::string nearest = did_you_mean(name, names);
    throw Error(
        ErrorCode::not_found, "there is no task '" + std::string(name) + "'", std::string(name),
        (names.empty() ? "No plugin was loaded." : nearest + "The tasks are: " + joined(names) + ".") +
            (nearest.empty() ? where_its_plugin_is(records_) : ""));
}

const std::vector<BundleRecord> &Engine::bundle_records() {
    return bundle_list_->records();
}

const std::vector<const char *> &Engine::qualities(const TaskInfo &task) {
    return bundle_list_->qualities(task);
}

void Engine::shut_down(double seconds) {
    check_not_forked();
    runs_->shut_down(seconds);
}

/// What the user names comes first, then what the task's own plugin brings along. Of other plugins a name
/// means a file only where there is none else.
std::vector<std::filesystem::path> Engine::bundle_places(const TaskInfo *task) const {
    std::vector<std::filesystem::path> folders;
    if (options_.bundle_folders)
        folders.assign(options_.bundle_folders->begin(), options_.bundle_folders->end());
    else
        folders = named_bundle_folders(options_.bundle_path);
    const auto add = [&](const std::filesystem::path &folder) {
        if (std::ranges::find(folders, folder) == folders.end()) folders.push_back(folder);
    };
    const auto add_plugins = [&](const auto &wanted) {
        for (const PluginRecord &record : records_)
            if (record.loaded && wanted(record))
                add(std::filesystem::absolute(record.path).lexically_normal().parent_path());
    };
    if (task != nullptr)
        add_plugins([&](const PluginRecord &record) { return record.id == task->info.plugin_id; });
    std::ranges::for_each(installed_bundle_folders(), add);
    add_plugins([](const PluginRecord &) { return true; });
    return folders;
}

std::string Engine::find_bundle(const std::string &name, const TaskInfo *task) const {
    std::error_code ignored;
    const std::filesystem::path given(name);
    if (name.find('/') != std::string::npos) {
        if (std::filesystem::is_regular_file(given, ignored)) return name;
        throw Error(ErrorCode::not_found, "there is no bundle '" + name + "'", name, "Check the path.");
    }
    // The current folder is anybody's: a bare name never means a file in it.
    std::string looked_in;
    const auto folders = bundle_places(task != nullptr ? task : bundle_list_->first_task_of(name));
    for (const auto &folder : folders) {
        if (std::filesystem::is_regular_file(folder / given, ignored)) return (folder / given).string();
        looked_in += (looked_in.empty() ? "" : ", ") + folder.lexically_normal().string();
    }
    std::string hint = "Give a path, or set MIRRA_BUNDLE_PATH.";
    if (std::filesystem::is_regular_file(given, ignored))
        hint = "A file of that name lies in the current folder: write './" + name + "' to use it.";
    if (!looked_in.empty()) hint += " Looked in: " + looked_in + ".";
    throw Error(ErrorCode::not_found, "there is no bundle '" + name + "'", name, hint);
}

} // namespace mirra::host
