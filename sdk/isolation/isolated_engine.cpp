// An engine whose plugins and sessions are in a process of their own.
#include "isolated_engine.hpp"

#include "engine_runs.hpp"
#include "isolated_session.hpp"
#include "paths.hpp"
#include "request_memory.hpp"

#include <algorithm>
#include <fstream>

namespace mirra::isolation {
namespace {

using namespace host;
namespace fs = std::filesystem;

constexpr std::chrono::seconds kLoading{10};  ///< that a plugin may take
constexpr std::chrono::seconds kStopping{10}; ///< that a run may take to stop

std::string absolute_list(const std::vector<fs::path> &paths) {
    std::string out;
    for (const fs::path &each : paths) out += (out.empty() ? "" : ":") + fs::absolute(each).string();
    return out;
}

std::string absolute_or_empty(const std::string &path) {
    return path.empty() ? path : fs::absolute(path).string();
}

/// The same files, found from here: the worker lies elsewhere, and may start again from another folder.
EngineOptions options_there(const EngineOptions &given) {
    EngineOptions out;
    out.plugin_path = absolute_list(plugin_candidates(given));
    out.plugin_path_only = true;
    out.plugin_skip = given.plugin_skip;
    out.bundle_path = absolute_list(named_bundle_folders(given.bundle_path));
    out.libtorch_path = absolute_or_empty(given.libtorch_path);
    const auto modules = runtime_candidates(given.runtime_module);
    const auto there = std::ranges::find_if(modules, [](const fs::path &file) { return fs::exists(file); });
    if (!modules.empty()) out.runtime_module = fs::absolute(there == modules.end() ? modules[0] : *there);
    return out;
}

} // namespace

Patience::Patience(WorkerLink &link, std::uint64_t lane, std::uint64_t run, std::function<bool()> stopped)
    : link_(link)
    , lane_(lane)
    , run_(run)
    , stopped_(std::move(stopped)) {}

void Patience::operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (!asked_) {
        if (!stopped_()) return;
        asked_ = now;
        link_.cancel(lane_, run_);
    } else if (now - *asked_ > kStopping) {
        link_.kill("a run did not stop within " + std::to_string(kStopping.count()) +
                   " s of its cancellation");
    }
}

IsolatedEngine::IsolatedEngine(EngineOptions options)
    : Engine(std::move(options))
    , program_(worker_program(library_folder()))
    , there_(options_there(options_)) {
    runtime_starts();
    const Json answer = start();
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
Json IsolatedEngine::start() {
    for (;;) {
        std::string loading;
        const auto tell = [&](const std::string &path) {
            loading = path;
            if (link_ == nullptr && options_.loading) options_.loading(path);
        };
        auto fresh = std::make_shared<WorkerLink>(program_, options_.log, this);
        try {
            Json answer = fresh->start(there_, tell, kLoading);
            link_ = std::move(fresh);
            return answer;
        } catch (const WorkerEnded &ended) {
            if (loading.empty() || names_file(split_list(there_.plugin_skip), loading)) throw;
            PluginRecord culprit;
            culprit.path = loading;
            culprit.reason = std::string("it was loaded in a process of its own: ") + ended.what();
            if (options_.log)
                options_.log(MIRRA_LOG_WARNING, "passed over the plugin " + loading + ": " + culprit.reason);
            culprits_.push_back(std::move(culprit));
            there_.plugin_skip += (there_.plugin_skip.empty() ? "" : ":") + loading;
        }
    }
}

std::shared_ptr<WorkerLink> IsolatedEngine::link() {
    const std::lock_guard lock(mutex_);
    if (!link_->alive()) static_cast<void>(start());
    return link_;
}

std::int64_t IsolatedEngine::process() const noexcept {
    const std::lock_guard lock(mutex_);
    return link_->alive() ? link_->process() : 0;
}

Message IsolatedEngine::ask(WorkerLink &worker, const Json &body, std::span<const int> attached) {
    Lane lane = worker.open_lane();
    Patience idle(worker, lane.id, 0, [this] { return process_ends() || runs()->stop()->requested(); });
    try {
        lane.channel.send(body, attached, std::ref(idle));
        Message answer = lane.channel.receive(std::ref(idle));
        if (answer.body.at("is") == "error") throw_error(answer.body);
        return answer;
    } catch (const Gone &) {
        worker.throw_ended();
    } catch (const Json::exception &) {
        throw Error(ErrorCode::plugin, "the process that runs the sessions sent what is no answer", "flags");
    }
}

const std::vector<runtime::DeviceInfo> &IsolatedEngine::devices() {
    std::call_once(devices_once_,
                   [this] { ask(*link(), {{"do", "devices"}}).body.at("devices").get_to(devices_); });
    return devices_;
}

const RuntimeStatus &IsolatedEngine::runtime_status() {
    std::call_once(runtime_once_,
                   [this] { ask(*link(), {{"do", "runtime"}}).body.at("runtime").get_to(runtime_); });
    return runtime_;
}

std::shared_ptr<Session> IsolatedEngine::make_session(const std::shared_ptr<Engine> &self,
                                                      const SessionOptions &options) {
    return std::make_shared<IsolatedSession>(std::static_pointer_cast<IsolatedEngine>(self), options);
}

TensorSet IsolatedEngine::make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                       const std::string &graph, const TensorSet &inputs,
                                       const GraphRunOptions &options) {
    const std::size_t bytes = tensor_bytes(inputs);
    const SharedMemory memory(std::max<std::size_t>(bytes, 1));
    const Json written = write_tensors(inputs, memory.bytes());
    const int descriptor = memory.descriptor();
    const auto worker = link();
    const Message answer = ask(*worker,
                               {{"do", "graph"},
                                {"bundle", worker->number_of(bundle, bundle->manifest().name)},
                                {"graph", graph},
                                {"options", options},
                                {"tensors", written}},
                               {&descriptor, 1});
    return take_tensors(answer);
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
