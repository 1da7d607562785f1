// The engine: plugins, devices, bundles by name.
#include "bundle_cache.hpp"
#include "compiled_graphs.hpp"
#include "devices.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "paths.hpp"
#include "plugin.hpp"

#include <algorithm>
#include <set>

namespace mirra::host {
namespace {

std::string describe(const Error &error) {
    return error.hint().empty() ? error.what() : std::string(error.what()) + ". " + error.hint();
}

} // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options))
    , loader_(std::make_unique<RuntimeLoader>(options_.runtime_module, options_.libtorch_path))
    , bundles_(std::make_unique<BundleCache>())
    , compiled_(std::make_unique<CompiledGraphs>(*loader_)) {
    load_plugins();
    for (const RegisteredTask &each : registered_) tasks_.push_back(&each.task->info);
    schema_ = schema_of(tasks_);
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
        // Said before anything of it runs: one that crashes or hangs must not do so without a name.
        if (options_.loading) options_.loading(record.path);
        if (options_.log) options_.log(MIRRA_LOG_INFO, "loading the plugin " + record.path);
        try {
            load_plugin(file, record);
            record.loaded = true;
        } catch (const Error &error) {
            record.reason = describe(error);
        } catch (const std::bad_alloc &) {
            throw; // an engine that lacks tasks by chance is worse than none
        } catch (const std::exception &error) {
            record.reason = std::string("it failed: ") + error.what();
        }
        if (!record.loaded && options_.log) {
            options_.log(MIRRA_LOG_WARNING, "passed over the plugin " + record.path + ": " + record.reason);
        }
        records_.push_back(std::move(record));
    }
}

void Engine::load_plugin(const std::filesystem::path &file, PluginRecord &record) {
    const auto plugin = Plugin::load(file, options_.log, record);
    for (const PluginRecord &other : records_) {
        if (other.loaded && other.id == record.id) {
            throw Error(ErrorCode::plugin,
                        "the plugin " + record.id + " is already loaded from " + other.path);
        }
    }
    std::string taken;
    for (const PluginTask &task : plugin->tasks()) {
        const std::string name = task.info.name();
        const auto other = std::ranges::find(
            registered_, name, [](const RegisteredTask &each) { return each.task->info.name(); });
        if (other == registered_.end()) continue;
        record.taken_tasks.push_back(name);
        taken += (taken.empty() ? "" : "; ") + std::string("its task '") + name +
                 "' is already there, from the plugin " + other->task->info.info.plugin_id;
    }
    if (!taken.empty()) throw Error(ErrorCode::plugin, taken);
    for (const PluginTask &task : plugin->tasks()) registered_.push_back({plugin, &task});
    record.task_count = static_cast<std::uint32_t>(plugin->tasks().size());
}

const TaskInfo &Engine::task(std::string_view name) const {
    return registered(name).task->info;
}

RegisteredTask Engine::registered(std::string_view name) const {
    std::vector<std::string> names;
    for (const RegisteredTask &each : registered_) {
        names.push_back(each.task->info.name());
        if (names.back() == name) return each;
    }
    throw Error(ErrorCode::not_found, "there is no task '" + std::string(name) + "'", std::string(name),
                names.empty()
                    ? "No plugin was loaded; see the list of plugins passed over, and set MIRRA_PLUGIN_PATH."
                    : did_you_mean(name, names) + "The tasks are: " + joined(names) + ".");
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

std::string Engine::find_bundle(const std::string &name) const {
    std::error_code ignored;
    const std::filesystem::path given(name);
    if (name.find('/') != std::string::npos) {
        if (std::filesystem::is_regular_file(given, ignored)) return name;
        throw Error(ErrorCode::not_found, "there is no bundle '" + name + "'", name, "Check the path.");
    }
    // The current folder is anybody's: a bare name never means a file in it.
    std::string looked_in;
    auto folders = bundle_folders(options_.bundle_path);
    for (const PluginRecord &record : records_) { // last: a plugin may bring its bundle along
        const auto beside = std::filesystem::path(record.path).parent_path();
        if (record.loaded && std::ranges::find(folders, beside) == folders.end()) folders.push_back(beside);
    }
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
