// What mirra-worker does for the engine of another process.
#include "server.hpp"

#include "mirra/error.hpp"
#include "process_life.hpp"
#include "request_memory.hpp"
#include "sources_digest.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mirra::isolation {

void SentBundles::add(std::uint64_t number, const std::string &name, Descriptor file) {
    const auto sent = std::make_shared<Sent>();
    sent->name = name;
    sent->file = std::move(file);
    const std::lock_guard lock(mutex_);
    sent_[number] = sent;
    added_.notify_all();
}

void SentBundles::forget(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    sent_.erase(number);
}

std::shared_ptr<const bundle::Bundle> SentBundles::get(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    added_.wait(lock, [&] { return sent_.contains(number); });
    const auto sent = sent_.at(number);
    lock.unlock();
    std::call_once(sent->once, [&] {
        struct stat about {};
        if (fstat(sent->file.get(), &about) != 0) throw Error(ErrorCode::io, "a bundle was not sent whole");
        const SharedMemory memory(std::move(sent->file), static_cast<std::size_t>(about.st_size));
        const auto bytes = memory.bytes();
        sent->bundle = bundle::Bundle::open_memory({bytes.begin(), bytes.end()}, sent->name);
    });
    return sent->bundle;
}

std::shared_ptr<host::CancelToken> LaneRun::begin(std::uint64_t run) {
    const std::lock_guard lock(mutex_);
    run_ = run;
    token_ = std::make_shared<host::CancelToken>();
    if (run_ <= cancelled_) token_->request();
    return token_;
}

void LaneRun::cancel(std::uint64_t run) {
    const std::lock_guard lock(mutex_);
    cancelled_ = std::max(cancelled_, run);
    if (run == run_ && token_) token_->request();
}

namespace {

/// What the lanes have in common.
struct Served {
    std::shared_ptr<host::Engine> engine;
    SentBundles bundles;
    std::mutex mutex; ///< of what follows
    std::condition_variable ended;
    int lanes = 0; ///< that are still served
};

/// A thread that answers one conversation after the other; ends with the other end of its channel.
class LaneServer {
  public:
    LaneServer(Served &served, Channel channel, std::shared_ptr<LaneRun> run)
        : served_(served)
        , channel_(std::move(channel))
        , run_(std::move(run)) {}

    void serve() {
        const host::PlainArithmetic arithmetic;
        converse();
        session_.reset();
        end();
    }
    /// In place of that, with the error that is being handled.
    void refuse() {
        channel_.send(current_error());
        end();
    }

  private:
    void end() {
        const std::lock_guard lock(served_.mutex);
        --served_.lanes;
        served_.ended.notify_all();
    }
    void converse() {
        try {
            for (;;) {
                Message message = channel_.receive();
                try {
                    answer(message);
                } catch (const Gone &) {
                    return;
                } catch (...) {
                    channel_.send(current_error());
                }
            }
        } catch (const std::exception &) { // the other process has no use for it any more
        }
    }
    void answer(Message &message);
    void create(const Json &in);
    void run_graph(Message &message);
    void set_params(const Json &in) {
        for (const auto &[name, value] : decode_values(in.at("params"))) session_->set(name, value);
    }

    Served &served_;
    Channel channel_;
    const std::shared_ptr<LaneRun> run_;
    std::shared_ptr<host::Session> session_;
};

void LaneServer::create(const Json &in) {
    auto options = in.at("options").get<host::SessionOptions>();
    if (in.contains("bundle")) options.bundle = served_.bundles.get(in.at("bundle"));
    session_ = host::Session::create(served_.engine, options);
    const host::SessionInfo info = session_->info();
    Values values;
    host::TaskInfo known;
    for (const mirra_param_info &param : session_->params()) {
        values[param.name] = session_->get(param.name);
        known.params.push_back(param);
    }
    channel_.send({{"is", "session"},
                   {"bundle_path", info.options.bundle_path},
                   {"bundle_name", info.bundle_name},
                   {"bundle_sha256", info.bundle_sha256},
                   {"device", info.device},
                   {"precision", info.precision},
                   {"precision_reason", info.precision_reason},
                   {"params", encode_params(known)},
                   {"values", encode(values)}});
}

void LaneServer::run_graph(Message &message) {
    const Json &in = message.body;
    if (message.attached.empty()) throw Gone();
    auto options = in.at("options").get<host::GraphRunOptions>();
    options.cancel = run_->begin(in.at("run"));
    const SharedMemory memory(std::move(message.attached[0]), said_bytes(in.at("tensors")));
    const auto bundle = served_.bundles.get(in.at("bundle"));
    const auto outputs = host::run_graph(served_.engine, bundle, in.at("graph"),
                                         read_tensors(in.at("tensors"), memory.bytes()), options);
    send_with_tensors(channel_, {{"is", "outputs"}}, outputs);
}

void LaneServer::answer(Message &message) {
    const Json &in = message.body;
    const std::string what = in.at("do");
    if (what == "create") {
        create(in);
    } else if (what == "run") {
        set_params(in);
        serve_run(channel_, *session_, message, run_->begin(in.at("run")));
    } else if (what == "plan") {
        set_params(in);
        channel_.send({{"is", "plan"}, {"plan", session_->plan(in.at("width"), in.at("height"))}});
    } else if (what == "required") {
        set_params(in);
        channel_.send(
            {{"is", "rect"}, {"rect", session_->required(in.at("width"), in.at("height"), in.at("region"))}});
    } else if (what == "devices") {
        channel_.send({{"is", "devices"}, {"devices", served_.engine->devices()}});
    } else if (what == "runtime") {
        channel_.send({{"is", "runtime"}, {"runtime", served_.engine->runtime_status()}});
    } else if (what == "peak") {
        const auto options = in.at("options").get<host::GraphRunOptions>();
        channel_.send({{"is", "peak"}, {"peak", host::measured_peak(served_.engine, options)}});
    } else if (what == "graph") {
        run_graph(message);
    }
}

/// The connection to the engine of the other process.
class Server {
  public:
    explicit Server(Channel main) : main_(std::move(main)) {}

    [[noreturn]] void serve() {
        try {
            make_engine(main_.receive());
            for (;;) {
                Message message = main_.receive();
                take(message);
            }
        } catch (const std::exception &) { // it is gone, and all that it wanted
        }
        std::unique_lock lock(served_.mutex);
        served_.ended.wait_for(lock, std::chrono::seconds(1), [this] { return served_.lanes == 0; });
        _exit(0); // whatever is still running
    }

  private:
    void tell(const Json &body) {
        const std::lock_guard lock(telling_);
        main_.send(body);
    }
    void make_engine(const Message &message);
    void take(Message &message);
    void open_lane(std::uint64_t id, Channel channel);

    Channel main_;
    std::mutex telling_; ///< held by who sends
    Served served_;
    std::map<std::uint64_t, std::weak_ptr<LaneRun>> lanes_;
};

host::EngineOptions options_of(const Json &in) {
    host::EngineOptions options;
    options.plugin_files = in.at("plugins").get<std::vector<std::string>>();
    options.bundle_folders = in.at("bundles").get<std::vector<std::string>>();
    in.at("skip").get_to(options.plugin_skip);
    in.at("runtime").get_to(options.runtime_module);
    in.at("libtorch").get_to(options.libtorch_path);
    return options;
}

void check_build(const Json &in) {
    if (in.at("version") != MIRRA_VERSION_TEXT)
        throw Error(ErrorCode::unsupported,
                    "mirra-worker is of version " MIRRA_VERSION_TEXT ", the library is not", "flags",
                    "Install both from one version.");
    if (in.value("sources", "") != sources_digest())
        throw Error(ErrorCode::unsupported,
                    "mirra-worker is built from other sources of version " MIRRA_VERSION_TEXT
                    " than the library",
                    "flags", "Install both from one build.");
}

void Server::make_engine(const Message &message) {
    auto options = options_of(message.body);
    if (message.body.at("logs"))
        options.log = [this](std::int32_t level, const std::string &text) {
            try {
                tell({{"is", "log"}, {"level", level}, {"message", text}});
            } catch (const Gone &) { // nobody listens any more
            }
        };
    options.loading = [this](const std::string &path) { tell({{"is", "loading"}, {"path", path}}); };
    try {
        check_build(message.body);
        served_.engine = host::make_engine(std::move(options));
    } catch (const Gone &) {
        throw;
    } catch (...) {
        tell(current_error());
        throw Gone();
    }
    Json tasks = Json::array();
    for (const host::TaskInfo *task : served_.engine->tasks()) tasks.push_back(encode(*task));
    tell({{"is", "engine"}, {"tasks", tasks}, {"plugins", served_.engine->plugins()}});
}

/// Where there can be none, the other end hears why in place of its first answer.
void Server::open_lane(std::uint64_t id, Channel channel) {
    const auto run = std::make_shared<LaneRun>();
    std::erase_if(lanes_, [](const auto &each) { return each.second.expired(); });
    lanes_[id] = run;
    const auto lane = std::make_shared<LaneServer>(served_, std::move(channel), run);
    {
        const std::lock_guard lock(served_.mutex);
        ++served_.lanes;
    }
    try {
        host::QuietThread([lane] { lane->serve(); }).detach();
    } catch (const Error &) {
        lane->refuse();
    }
}

void Server::take(Message &message) {
    const Json &in = message.body;
    const std::string what = in.at("do");
    if (what == "lane" && !message.attached.empty()) {
        open_lane(in.at("id"), Channel(std::move(message.attached[0])));
    } else if (what == "cancel") {
        if (const auto lane = lanes_.find(in.at("lane").get<std::uint64_t>()); lane != lanes_.end())
            if (const auto run = lane->second.lock()) run->cancel(in.at("run"));
    } else if (what == "bundle" && !message.attached.empty()) {
        served_.bundles.add(in.at("bundle"), in.at("name"), std::move(message.attached[0]));
    } else if (what == "forget") {
        served_.bundles.forget(in.at("bundle"));
    }
}

/// The connection may be open in other children of the host: its own end is what counts.
void end_with(pid_t host) {
    const auto watched = static_cast<int>(syscall(SYS_pidfd_open, host, 0));
    if (getppid() != host) _exit(0);
    if (watched < 0) return;
    host::QuietThread([watched] {
        pollfd waiting{watched, POLLIN, 0};
        while (poll(&waiting, 1, -1) <= 0) {
        }
        _exit(0);
    }).detach();
}

} // namespace

void serve(Descriptor socket, pid_t host) {
    end_with(host);
    Server(Channel(std::move(socket))).serve();
}

} // namespace mirra::isolation
