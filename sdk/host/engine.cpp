// The engine: plugins, devices, bundles by name.
#include "bundle_cache.hpp"
#include "bundle_list.hpp"
#include "compiled_graphs.hpp"
#include "devices.hpp"
#include "engine_runs.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "paths.hpp"
#include "plugin.hpp"
#include "plugin_scan.hpp"
#include "process_life.hpp"

#include <algorithm>
#include <set>

namespace mirra::host {
Engine::Engine(EngineOptions options)
    : options_(std::move(options))
    , loader_(std::make_unique<RuntimeLoader>(options_.runtime_module, options_.libtorch_path))
    , bundles_(std::make_unique<BundleCache>())
    , compiled_(std::make_unique<CompiledGraphs>(*loader_))
    , runs_(std::make_shared<EngineRuns>()) {
    if (options_.plugin_scan) worker_ = worker_program(library_folder());
    load_plugins();
    for (const RegisteredTask &each : registered_) tasks_.push_back(&each.task->info);
    schema_ = schema_of(tasks_);
    bundle_list_ = std::make_unique<BundleList>([this] { return bundle_places(); }, tasks_);
}

Engine::~Engine() = default;

void Engine::load_plugins() {
    std::set<std::filesystem::path> seen;
    for (const auto &file : plugin_candidates(options_)) {
        std::error_code ignored;
        const auto canonical = std::filesystem::weakly_canonical(file, ignored);
        if (!seen.insert(canonical.empty() ? file : canonical).second) continue;
        PluginRecord record;
        record.path = file.string();
        try {
            load_plugin(file, record);
            record.loaded = true;
        } catch (const Error &error) {
            record.reason = with_hint(error);
        } catch (const std::bad_alloc &) {
            throw; // an engine that lacks tasks by chance is worse than none
        } catch (const std::exception &error) {
            record.reason = std::string("it failed: ") + error.what();
        }
        if (!record.loaded && options_.log) {
            const bool asked = record.reason == kNamedInSkip;
            options_.log(asked ? MIRRA_LOG_INFO : MIRRA_LOG_WARNING,
                         "passed over the plugin " + record.path + ": " + record.reason);
        }
        records_.push_back(std::move(record));
    }
}

void Engine::load_plugin(const std::filesystem::path &file, PluginRecord &record) {
    const auto skipped = split_list(options_.plugin_skip);
    if (names_file(skipped, file)) throw Error(ErrorCode::plugin, kNamedInSkip);
    // Said before anything of it runs: one that crashes or hangs must not do so without a name.
    if (options_.loading) options_.loading(record.path);
    if (options_.log) options_.log(MIRRA_LOG_INFO, "loading the plugin " + record.path);
    if (options_.plugin_scan) scan_plugin(worker_, file);
    const auto plugin = Plugin::load(file, options_.log, skipped, record);
    for (const PluginRecord &other : records_) {
        if (other.loaded && other.id == record.id) {
            throw Error(ErrorCode::plugin,
                        "the plugin " + record.id + " is already loaded from " + other.path);
        }
    }
    displace(*plugin, record);
    for (const PluginTask &task : plugin->tasks()) registered_.push_back({plugin, &task});
    record.task_count = static_cast<std::uint32_t>(plugin->tasks().size());
}

/// Tasks whose names another plugin has brought before keep their ids before them.
void Engine::displace(Plugin &plugin, PluginRecord &record) {
    for (std::size_t i = 0; i < plugin.tasks().size(); ++i) {
        const std::string name = plugin.tasks()[i].info.name();
        const auto other = std::ranges::find(
            registered_, name, [](const RegisteredTask &each) { return each.task->info.name(); });
        if (other == registered_.end()) continue;
        record.taken_tasks.push_back(name);
        plugin.displace(i);
        if (!options_.log) continue;
        options_.log(MIRRA_LOG_WARNING, "the task '" + name + "' of " + record.path + " is had as '" +
                                            plugin.tasks()[i].info.name() + "' only: the plugin " +
                                            other->task->info.info.plugin_id + " has brought one before");
    }
}

const TaskInfo &Engine::task(std::string_view name) const {
    return registered(name).task->info;
}

RegisteredTask Engine::registered(std::string_view name) const {
    std::vector<std::string> names;
    for (const RegisteredTask &each : registered_) {
        names.push_back(each.task->info.name());
        if (names.back() == name || each.task->info.full_name() == name) return each;
    }
    const auto passed_over = std::ranges::count(records_, false, &PluginRecord::loaded);
    const std::string others = passed_over == 0
                                   ? std::string()
                                   : " Plugins that were passed over: " + std::to_string(passed_over) +
                                         "; `mirra doctor` and mirra_engine_plugin say why.";
    throw Error(ErrorCode::not_found, "there is no task '" + std::string(name) + "'", std::string(name),
                (names.empty() ? "No plugin was loaded: set MIRRA_PLUGIN_PATH."
                               : did_you_mean(name, names) + "The tasks are: " + joined(names) + ".") +
                    others);
}

const std::vector<runtime::DeviceInfo> &Engine::devices() {
    std::call_once(devices_once_, [this] { devices_ = find_devices(*loader_); });
    return devices_;
}

const RuntimeStatus &Engine::runtime_status() {
    return loader_->status();
}

runtime::Module &Engine::module() {
    return loader_->module();
}

const runtime::DeviceInfo &Engine::usable_device(const std::string &id) {
    // Looking for cards would load LibTorch's part for CUDA.
    if (id == "cpu") return runtime::cpu_device();
    const std::string wanted = id == "cuda" ? "cuda:0" : id;
    std::string ids;
    for (const runtime::DeviceInfo &device : devices()) {
        if (device.id == wanted) {
            if (device.usable) return device;
            throw Error(ErrorCode::device, "the device '" + wanted + "' cannot be used: " + device.reason,
                        wanted, "List the devices, or use 'cpu'.");
        }
        if (device.usable) ids += (ids.empty() ? "" : ", ") + device.id;
    }
    throw Error(ErrorCode::not_found, "there is no device '" + id + "'", id, "Usable devices: " + ids + ".");
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

/// Plugins' folders are the last: a plugin may bring its bundle along.
std::vector<std::filesystem::path> Engine::bundle_places() const {
    auto folders = bundle_folders(options_.bundle_path);
    for (const PluginRecord &record : records_) {
        const auto beside = std::filesystem::path(record.path).parent_path();
        if (record.loaded && std::ranges::find(folders, beside) == folders.end()) folders.push_back(beside);
    }
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
    auto folders = bundle_places();
    if (task != nullptr) folders.insert(folders.begin(), registered(task->name()).plugin->folder());
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
