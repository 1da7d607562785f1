// An engine whose plugins are in this process.
#include "local_engine.hpp"

#include "bundle_cache.hpp"
#include "child_process.hpp"
#include "compiled_graphs.hpp"
#include "devices.hpp"
#include "local_session.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "paths.hpp"
#include "plugin.hpp"
#include "plugin_scan.hpp"
#include "pool_session.hpp"
#include "runtime_loader.hpp"

#include <algorithm>
#include <set>

namespace mirra::host {

LocalEngine::LocalEngine(EngineOptions options)
    : Engine(std::move(options))
    , loader_(std::make_unique<RuntimeLoader>(options_.runtime_module, options_.libtorch_path))
    , bundles_(std::make_unique<BundleCache>())
    , compiled_(std::make_unique<CompiledGraphs>(*loader_)) {
    if (options_.plugin_scan) worker_ = worker_program(library_folder());
    load_plugins();
    std::vector<const TaskInfo *> tasks;
    for (const RegisteredTask &each : registered_) tasks.push_back(&each.task->info);
    list(std::move(tasks));
}

LocalEngine::~LocalEngine() = default;

void LocalEngine::load_plugins() {
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

void LocalEngine::load_plugin(const std::filesystem::path &file, PluginRecord &record) {
    const auto &skipped = options_.plugin_skip;
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
void LocalEngine::displace(Plugin &plugin, PluginRecord &record) {
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

RegisteredTask LocalEngine::registered(std::string_view name) const {
    const TaskInfo &found = task(name);
    return *std::ranges::find(registered_, &found,
                              [](const RegisteredTask &each) { return &each.task->info; });
}

const std::vector<runtime::DeviceInfo> &LocalEngine::devices() {
    std::call_once(devices_once_, [this] { found_ = find_devices(*loader_); });
    return found_.devices;
}

const RuntimeStatus &LocalEngine::runtime_status() {
    return loader_->status();
}

std::shared_ptr<runtime::Arena> LocalEngine::make_arena(const std::string &device, std::uint64_t limit,
                                                        std::uint64_t keep) {
    const auto note = [log = options_.log](const std::string &text) {
        if (log) log(MIRRA_LOG_DEBUG, text);
    };
    return loader_->make_arena(device, limit, keep, note);
}

DevicePixels LocalEngine::device_pixels(const std::string &device) const {
    if (!device.starts_with("cuda:")) return {};
    return {loader_->gpu(), found_.kernels.table};
}

runtime::Module &LocalEngine::module() {
    return loader_->module();
}

const runtime::DeviceInfo &LocalEngine::usable_device(const std::string &id) {
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

const runtime::DeviceInfo &LocalEngine::one_device(const std::string &id, const std::string &what) {
    if (is_pool(id))
        throw Error(ErrorCode::unsupported, what + " one device, not '" + id + "'", "device",
                    "Name one, such as cuda:0.");
    return usable_device(id);
}

std::vector<std::string> LocalEngine::pool(const std::string &name) {
    if (name != kAllGpus) {
        const std::vector<std::string> listed = listed_devices(name);
        for (const std::string &device : listed) usable_device(device);
        return listed;
    }
    std::vector<std::string> usable;
    std::string reasons;
    for (const runtime::DeviceInfo &device : devices()) {
        if (device.id == runtime::cpu_device().id || is_pool(device.id)) continue;
        if (device.usable)
            usable.push_back(device.id);
        else
            reasons += (reasons.empty() ? "" : "; ") + device.id + ": " + device.reason;
    }
    if (usable.empty())
        throw Error(ErrorCode::device, "there is no GPU that can be used: " + reasons, name,
                    "List the devices, or use 'cpu'.");
    return usable;
}

std::shared_ptr<Session> LocalEngine::make_session(const std::shared_ptr<Engine> &self,
                                                   const SessionOptions &options) {
    auto engine = std::static_pointer_cast<LocalEngine>(self);
    if (is_pool(options.device)) return std::make_shared<PoolSession>(std::move(engine), options);
    return std::make_shared<LocalSession>(std::move(engine), options);
}

TensorSet LocalEngine::make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                    const std::string &graph, const TensorSet &inputs,
                                    const GraphRunOptions &options) {
    return run_graph_here(*this, bundle, graph, inputs, options);
}

double LocalEngine::make_peak(const GraphRunOptions &options) {
    return measure_peak_here(*this, options);
}

std::shared_ptr<Engine> make_engine(EngineOptions options) {
    return std::make_shared<LocalEngine>(std::move(options));
}

} // namespace mirra::host
