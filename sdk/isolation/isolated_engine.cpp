// An engine whose plugins and sessions are in a process of their own.
#include "isolated_engine.hpp"

#include "engine_runs.hpp"
#include "isolated_session.hpp"
#include "paths.hpp"
#include "request_memory.hpp"
#include "sources_digest.hpp"

#include <algorithm>
#include <fstream>
#include <unistd.h>

namespace mirra::isolation {
namespace {

using namespace host;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kLoading{10}; ///< that a plugin may take

std::string absolute_path(const fs::path &path) {
    std::error_code gone; // the current folder
    const fs::path out = path.empty() ? path : fs::absolute(path, gone);
    return gone ? path.string() : out.string();
}

std::vector<std::string> absolute_paths(const std::vector<fs::path> &paths) {
    std::vector<std::string> out;
    for (const fs::path &each : paths) out.push_back(absolute_path(each));
    return out;
}

/// Names and ids stay as they are.
std::vector<std::string> skipped(const std::vector<std::string> &given) {
    std::vector<std::string> out;
    for (const std::string &each : given)
        out.push_back(each.find('/') == std::string::npos ? each : absolute_path(each));
    return out;
}

/// The engine there, with files as they are found from here: a later worker may start in another folder.
Json told(const EngineOptions &given) {
    const auto modules = runtime_candidates(given.runtime_module);
    const auto module =
        std::ranges::find_if(modules, [](const fs::path &file) { return access(file.c_str(), F_OK) == 0; });
    return {{"do", "engine"},
            {"version", MIRRA_VERSION_TEXT},
            {"sources", sources_digest()},
            {"plugins", absolute_paths(plugin_candidates(given))},
            {"skip", skipped(given.plugin_skip)},
            {"bundles", absolute_paths(named_bundle_folders(given.bundle_path))},
            {"runtime",
             modules.empty() ? std::string() : absolute_path(module == modules.end() ? modules[0] : *module)},
            {"libtorch", absolute_path(given.libtorch_path)},
            {"logs", static_cast<bool>(given.log)}};
}

} // namespace

IsolatedEngine::IsolatedEngine(EngineOptions options)
    : Engine(std::move(options))
    , program_(worker_program(library_folder()))
    , there_(told(options_)) {
    const Json answer = start([] { return false; });
    for (const Json &each : answer.at("tasks")) tasks_.push_back(decode_task(each));
    answer.at("plugins").get_to(records_);
    for (PluginRecord &record : records_)
        if (const auto culprit = std::ranges::find(culprits_, record.path, &PluginRecord::path);
            culprit != culprits_.end())
            record = *culprit;
    std::vector<const TaskInfo *> tasks;
    for (const TaskInfo &each : tasks_) tasks.push_back(&each);
    list(std::move(tasks));
}

IsolatedEngine::~IsolatedEngine() = default;

/// Plugins that end or block the worker are passed over from then on.
Json IsolatedEngine::start(const Stopped &stopped) {
    const bool again = current() != nullptr;
    for (bool by_chance_before = false;;) {
        std::string loading;
        const auto tell = [&](const std::string &path) {
            loading = path;
            if (!again && options_.loading) options_.loading(path);
        };
        try {
            auto fresh = std::make_shared<WorkerLink>(program_, options_.log, this);
            Json answer = fresh->start(there_, tell, kLoading, stopped);
            const std::lock_guard lock(mutex_);
            link_ = std::move(fresh);
            return answer;
        } catch (const WorkerEnded &ended) {
            if (loading.empty()) throw;
            if (ended.by_chance() && !by_chance_before)
                by_chance_before = true;
            else
                pass_over(loading, ended);
        }
    }
}

void IsolatedEngine::pass_over(const std::string &plugin, const WorkerEnded &why) {
    if (std::ranges::find(culprits_, plugin, &PluginRecord::path) != culprits_.end()) throw WorkerEnded(why);
    PluginRecord culprit;
    culprit.path = plugin;
    culprit.reason = std::string("it was loaded in a process of its own: ") + why.what();
    if (options_.log)
        options_.log(MIRRA_LOG_WARNING, "passed over the plugin " + plugin + ": " + culprit.reason);
    culprits_.push_back(std::move(culprit));
    there_["skip"].push_back(plugin);
}

std::shared_ptr<WorkerLink> IsolatedEngine::current() const {
    const std::lock_guard lock(mutex_);
    return link_;
}

std::shared_ptr<WorkerLink> IsolatedEngine::link(const Stopped &stopped) {
    const auto usable = [](const auto &each) { return !each->is_foreign() && each->still_runs(); };
    if (auto there = current(); usable(there)) return there;
    if (starter_.load() == std::this_thread::get_id())
        throw Error(ErrorCode::busy, "the process of the engine's sessions is being started", "engine",
                    "Return from the log callback first.");
    const std::lock_guard lock(starting_);
    if (auto there = current(); usable(there)) return there;
    starter_ = std::this_thread::get_id();
    try {
        start(stopped);
    } catch (...) {
        starter_ = std::thread::id();
        throw;
    }
    starter_ = std::thread::id();
    return current();
}

bool IsolatedEngine::stopped() const {
    return process_ends() || runs()->stop()->requested();
}

std::int64_t IsolatedEngine::process() const noexcept {
    const auto there = current();
    return !there->is_foreign() && there->alive() ? there->process() : 0;
}

Message IsolatedEngine::ask(WorkerLink &worker, const Json &body, int attached) {
    Lane lane = worker.open_lane();
    Conversation conversation(worker, lane, 1, [this] { return stopped(); });
    return conversation.ask(body, attached);
}

const std::vector<runtime::DeviceInfo> &IsolatedEngine::devices() {
    std::call_once(devices_once_, [this] {
        const auto worker = link([this] { return stopped(); });
        ask(*worker, {{"do", "devices"}}).body.at("devices").get_to(devices_);
    });
    return devices_;
}

const RuntimeStatus &IsolatedEngine::runtime_status() {
    std::call_once(runtime_once_, [this] {
        const auto worker = link([this] { return stopped(); });
        ask(*worker, {{"do", "runtime"}}).body.at("runtime").get_to(runtime_);
    });
    return runtime_;
}

std::shared_ptr<Session> IsolatedEngine::make_session(const std::shared_ptr<Engine> &self,
                                                      const SessionOptions &options) {
    runtime_starts();
    return std::make_shared<IsolatedSession>(std::static_pointer_cast<IsolatedEngine>(self), options);
}

double IsolatedEngine::make_peak(const GraphRunOptions &options) {
    runtime_starts();
    const auto worker = link([this] { return stopped(); });
    return ask(*worker, {{"do", "peak"}, {"options", options}}).body.at("peak").get<double>();
}

TensorSet IsolatedEngine::make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                       const std::string &graph, const TensorSet &inputs,
                                       const GraphRunOptions &options) {
    runtime_starts();
    const SharedMemory memory(std::max<std::size_t>(tensor_bytes(inputs), 1));
    const Json written = write_tensors(inputs, memory.bytes());
    const auto worker = link([this] { return stopped(); });
    try {
        return take_tensors(ask(*worker,
                                {{"do", "graph"},
                                 {"run", 1},
                                 {"bundle", worker->number_of(bundle, bundle->manifest().name)},
                                 {"graph", graph},
                                 {"options", options},
                                 {"tensors", written}},
                                memory.descriptor()));
    } catch (const WorkerEnded &) {
        if (stopped()) throw Error(ErrorCode::cancelled, "the run was cancelled");
        throw;
    }
}

std::shared_ptr<Engine> make_engine(EngineOptions options) {
    return std::make_shared<IsolatedEngine>(std::move(options));
}

bool other_libtorch_is_mapped() {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        const std::string name = line.substr(line.rfind('/') + 1);
        if (name.starts_with("libtorch") || name.starts_with("libc10")) return true;
    }
    return false;
}

} // namespace mirra::isolation
