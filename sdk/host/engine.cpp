// The engine: plugins, devices, bundles by name, compiled networks.
#include "engine_core.hpp"

#include "devices.hpp"
#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "paths.hpp"

#include <algorithm>
#include <set>

namespace mirra::host {
namespace {

std::string describe(const Error &error) {
    return error.hint().empty() ? error.what() : std::string(error.what()) + ". " + error.hint();
}

} // namespace

std::shared_ptr<Engine> Engine::create(EngineOptions options) {
    return std::make_shared<EngineCore>(std::move(options));
}

EngineCore::EngineCore(EngineOptions options)
    : options_(std::move(options))
    , loader_(options_.runtime_module, options_.libtorch_path) {
    load_plugins();
    for (const TaskEntry &each : entries_) tasks_.push_back(each.task->info);
    schema_ = schema_of(tasks_);
}

void EngineCore::load_plugins() {
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

void EngineCore::load_plugin(const std::filesystem::path &file, PluginRecord &record) {
    const auto plugin = Plugin::load(file, options_.log, record);
    for (const PluginRecord &other : records_) {
        if (other.loaded && other.id == record.id) {
            throw Error(ErrorCode::plugin,
                        "the plugin " + record.id + " is already loaded from " + other.path);
        }
    }
    std::string taken;
    for (const PluginTask &task : plugin->tasks()) {
        const auto same = [&](const TaskEntry &e) { return e.task->info.name == task.info.name; };
        const auto other = std::find_if(entries_.begin(), entries_.end(), same);
        if (other == entries_.end()) continue;
        record.taken_tasks.push_back(task.info.name);
        taken += (taken.empty() ? "" : "; ") + std::string("its task '") + task.info.name +
                 "' is already there, from the plugin " + other->task->info.plugin_id;
    }
    if (!taken.empty()) throw Error(ErrorCode::plugin, taken);
    plugins_.push_back(plugin);
    for (const PluginTask &task : plugin->tasks()) entries_.push_back({plugin, &task});
    record.task_count = static_cast<std::uint32_t>(plugin->tasks().size());
}

const Task &EngineCore::task(std::string_view name) const {
    return entry(name).task->info;
}

TaskEntry EngineCore::entry(std::string_view name) const {
    std::string names;
    for (const TaskEntry &each : entries_) {
        if (each.task->info.name == name) return each;
        names += (names.empty() ? "" : ", ") + each.task->info.name;
    }
    throw Error(ErrorCode::not_found, "there is no task '" + std::string(name) + "'", std::string(name),
                names.empty()
                    ? "No plugin was loaded; see the list of plugins passed over, and set MIRRA_PLUGIN_PATH."
                    : "The tasks are: " + names + ".");
}

const std::vector<runtime::DeviceInfo> &EngineCore::devices() {
    std::call_once(devices_once_, [this] { devices_ = find_devices(loader_); });
    return devices_;
}

const runtime::DeviceInfo &EngineCore::usable_device(const std::string &id) {
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

void check_threads(std::int32_t threads) {
    constexpr std::int32_t kMost = 1024;
    if (threads < 0 || threads > kMost) {
        throw Error(ErrorCode::invalid_argument,
                    "threads is " + std::to_string(threads) + ", not 0 to " + std::to_string(kMost),
                    "threads", "Leave it at 0 for as many as the process may use.");
    }
}

std::string EngineCore::find_bundle(const std::string &name) const {
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

namespace {

runtime::WeightSource weights_of(const bundle::Bundle &bundle, const graph::Graph &network,
                                 const Look &look) {
    return [&bundle, look, shapes = graph::weight_shapes(network)](const std::string &name) {
        if (look) look();
        return runtime::Weight{shapes.at(name), bundle.weight(name)};
    };
}

/// Stands for the network and its weights. (Writing the graph as JSON would cost more than a small run.)
std::string key_of(const bundle::Bundle &bundle, const std::string &graph) {
    return bundle.sha256() + '\n' + bundle.manifest_json() + '\n' + graph + '\n';
}

/// What is in the cache and alive under that key, or made anew.
template<class Cache, class Make> auto cached(Cache &cache, const std::string &key, const Make &make) {
    std::erase_if(cache, [](const auto &entry) { return entry.second.expired(); });
    if (const auto found = cache.find(key); found != cache.end()) {
        if (auto alive = found->second.lock()) return alive;
    }
    auto made = make();
    cache[key] = made;
    return made;
}

} // namespace

std::shared_ptr<runtime::Executable> EngineCore::compiled(const std::shared_ptr<const bundle::Bundle> &bundle,
                                                          const std::string &graph,
                                                          const runtime::CompileOptions &options,
                                                          const Look &look) {
    const graph::Graph &network = bundle->graph(graph);
    const std::string key =
        key_of(*bundle, graph) + options.device + '\n' + std::string(precision_name(options.precision));
    const std::lock_guard lock(compile_mutex_);
    return cached(compiled_, key,
                  [&] { return module().compile(network, weights_of(*bundle, network, look), options); });
}

std::uint64_t EngineCore::Kept::bytes() const {
    return weights + (arena == nullptr ? 0 : arena->current_bytes());
}

EngineCore::Kept EngineCore::kept(const std::shared_ptr<const bundle::Bundle> &bundle,
                                  const std::string &graph, const runtime::CompileOptions &options) {
    constexpr std::size_t kMost = 4;
    const auto executable = compiled(bundle, graph, options);
    const std::lock_guard lock(compile_mutex_);
    const auto found = std::ranges::find(kept_, executable, &Kept::executable);
    Kept kept = found == kept_.end()
                    ? Kept{executable, nullptr,
                           runtime::compiled_bytes(bundle->graph(graph), options.precision, false).held}
                    : *found;
    if (kept.arena == nullptr) kept.arena = module().make_arena(0);
    if (found != kept_.end()) kept_.erase(found);
    kept_.push_front(kept);
    if (kept_.size() > kMost) kept_.pop_back();
    return kept;
}

void EngineCore::trim_kept(std::uint64_t most) noexcept {
    const std::lock_guard lock(compile_mutex_);
    std::uint64_t left = most;
    for (auto kept = kept_.begin(); kept != kept_.end();) {
        if (kept->bytes() > left) kept->arena.reset();
        if (kept->bytes() > left) {
            kept = kept_.erase(kept);
        } else {
            left -= kept->bytes();
            ++kept;
        }
    }
}

void EngineCore::trim_kept() noexcept {
    constexpr std::uint64_t kShare = 8;
    trim_kept(runtime::cpu_device().memory / kShare);
}

std::shared_ptr<runtime::Differentiable>
EngineCore::compiled_gradient(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                              const std::string &device, const Look &look) {
    const graph::Graph &network = bundle->graph(graph);
    const std::string key = key_of(*bundle, graph) + device;
    const std::lock_guard lock(compile_mutex_);
    return cached(compiled_gradients_, key, [&] {
        return module().compile_gradient(network, weights_of(*bundle, network, look), device);
    });
}

} // namespace mirra::host
