// What mirra-worker does for the engine of another process.
#include "server.hpp"

#include "mirra/error.hpp"
#include "process_life.hpp"
#include "request_memory.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace mirra::isolation {

void SentBundles::add(std::uint64_t number, const std::string &name, Descriptor memory) {
    const auto sent = std::make_shared<Sent>();
    sent->name = name;
    sent->memory = SharedMemory(std::move(memory));
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
        const auto bytes = sent->memory.bytes();
        sent->bundle = bundle::Bundle::open_memory({bytes.begin(), bytes.end()}, sent->name);
        sent->memory = SharedMemory();
    });
    return sent->bundle;
}

std::shared_ptr<host::CancelToken> LaneRun::begin(std::uint64_t run) {
    const std::lock_guard lock(mutex_);
    run_ = run;
    return token_ = std::make_shared<host::CancelToken>();
}

void LaneRun::cancel(std::uint64_t run) {
    const std::lock_guard lock(mutex_);
    if (run == run_ && token_) token_->request();
}

namespace {

/// What the lanes have in common.
struct Served {
    std::shared_ptr<host::Engine> engine;
    SentBundles bundles;
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

  private:
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
    const SharedMemory memory(std::move(message.attached[0]));
    const auto bundle = served_.bundles.get(in.at("bundle"));
    const auto outputs = host::run_graph(served_.engine, bundle, in.at("graph"),
                                         read_tensors(in.at("tensors"), memory.bytes()),
                                         in.at("options").get<host::GraphRunOptions>());
    send_with_tensors(channel_, {{"is", "outputs"}}, outputs);
}

void LaneServer::answer(Message &message) {
    const Json &in = message.body;
    const std::string what = in.at("do");
    if (what == "create") {
        create(in);
    } else if (what == "run") {
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
        _exit(0); // whatever is still running
    }

  private:
    void tell(const Json &body) {
        const std::lock_guard lock(telling_);
        main_.send(body);
    }
    void make_engine(const Message &message);
    void take(Message &message);

    Channel main_;
    std::mutex telling_; ///< held by who sends
    Served served_;
    std::map<std::uint64_t, std::weak_ptr<LaneRun>> lanes_;
};

void Server::make_engine(const Message &message) {
    auto options = message.body.at("options").get<host::EngineOptions>();
    options.log = [this](std::int32_t level, const std::string &text) {
        try {
            tell({{"is", "log"}, {"level", level}, {"message", text}});
        } catch (const Gone &) { // nobody listens any more
        }
    };
    options.loading = [this](const std::string &path) { tell({{"is", "loading"}, {"path", path}}); };
    try {
        if (message.body.at("version") != MIRRA_VERSION_TEXT)
            throw Error(ErrorCode::unsupported,
                        "mirra-worker is of version " MIRRA_VERSION_TEXT ", the library is not", "flags",
                        "Install both from one version.");
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

void Server::take(Message &message) {
    const Json &in = message.body;
    const std::string what = in.at("do");
    if (what == "lane" && !message.attached.empty()) {
        const auto run = std::make_shared<LaneRun>();
        std::erase_if(lanes_, [](const auto &each) { return each.second.expired(); });
        lanes_[in.at("id")] = run;
        const auto lane = std::make_shared<LaneServer>(served_, Channel(std::move(message.attached[0])), run);
        host::QuietThread([lane] { lane->serve(); }).detach();
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
