// A session in a worker, as the host's process has it.
#include "isolated_session.hpp"

#include "engine_runs.hpp"
#include "ports.hpp"
#include "request_memory.hpp"
#include "session_state.hpp"

#include <exception>

namespace mirra::isolation {

using namespace host;

TensorSet take_tensors(const Message &answer) {
    if (answer.attached.empty()) return {};
    const SharedMemory memory{Descriptor(dup(answer.attached[0].get()))};
    return read_tensors(answer.body.at("tensors"), memory.bytes());
}

/// One call and its answer. One that does not come to its end closes the lane: what the worker still does on
/// it is nobody's.
class IsolatedSession::Conversation {
  public:
    Conversation(IsolatedSession &session, std::uint64_t run, std::function<bool()> stopped)
        : session_(session)
        , idle_(*session.link_, session.lane_->id, run, std::move(stopped)) {}
    Conversation(const Conversation &) = delete;
    Conversation &operator=(const Conversation &) = delete;
    ~Conversation() {
        if (!ended_) session_.lane_.reset();
    }

    void say(const Json &body, int attached = -1) {
        channel().send(body, std::span(&attached, attached < 0 ? 0U : 1U), std::ref(idle_));
    }
    [[nodiscard]] Message hear() { return channel().receive(std::ref(idle_)); }
    void end() noexcept { ended_ = true; }
    /// What is thrown within, as callers of sessions know it.
    template<class Body> auto within(const Body &body) {
        try {
            return body();
        } catch (const Gone &) {
            session_.link_->throw_ended();
        } catch (const Json::exception &) {
            throw Error(ErrorCode::plugin, "the process that runs the sessions sent what is no answer",
                        "flags");
        }
    }

  private:
    [[nodiscard]] Channel &channel() { return session_.lane_->channel; }

    IsolatedSession &session_;
    Patience idle_;
    bool ended_ = false;
};

IsolatedSession::IsolatedSession(std::shared_ptr<IsolatedEngine> engine, const SessionOptions &options)
    : Session(engine)
    , engine_(std::move(engine))
    , task_(engine_->task(options.task))
    , given_(options)
    , shown_(options) {
    params_.known.info = task_.info;
    open();
}

IsolatedSession::~IsolatedSession() = default;

SessionInfo IsolatedSession::info() const {
    return {.options = shown_,
            .bundle_name = bundle_name_,
            .bundle_sha256 = bundle_sha256_,
            .device = device_,
            .precision_reason = precision_reason_,
            .precision = precision_};
}

void IsolatedSession::open() {
    if (lane_ && link_->alive()) return;
    const bool first = link_ == nullptr;
    lane_.reset();
    link_ = engine_->link();
    lane_ = link_->open_lane();
    Json create{{"do", "create"}, {"options", given_}};
    if (given_.bundle != nullptr) {
        const std::string &path = given_.bundle_path;
        create["bundle"] = link_->number_of(given_.bundle, path.empty() ? "memory" : path);
    }
    const Json made = ask(std::move(create));
    if (!first) return;
    made.at("bundle_path").get_to(shown_.bundle_path);
    made.at("bundle_name").get_to(bundle_name_);
    made.at("bundle_sha256").get_to(bundle_sha256_);
    made.at("device").get_to(device_);
    made.at("precision").get_to(precision_);
    made.at("precision_reason").get_to(precision_reason_);
    decode_params(made.at("params"), params_.known);
    params_.values = params_.initial = decode_values(made.at("values"));
}

/// By one who has opened it.
Json IsolatedSession::ask(Json body) {
    Conversation conversation(*this, 0,
                              [this] { return process_ends() || engine_->runs()->stop()->requested(); });
    return conversation.within([&] {
        conversation.say(body);
        Message answer = conversation.hear();
        if (answer.body.at("is") != "error") {
            conversation.end();
            return std::move(answer.body);
        }
        if (body.at("do") != "create") conversation.end(); // a lane without a session is of no use
        throw_error(answer.body);
    });
}

std::shared_ptr<Session> IsolatedSession::make_clone() {
    return std::make_shared<IsolatedSession>(engine_, given_);
}

Plan IsolatedSession::make_plan(std::int32_t width, std::int32_t height) {
    open();
    return ask({{"do", "plan"}, {"params", encode(params_.values)}, {"width", width}, {"height", height}})
        .at("plan")
        .get<Plan>();
}

runtime::Rect IsolatedSession::make_required(std::int32_t width, std::int32_t height,
                                             const runtime::Rect &region) {
    open();
    return ask({{"do", "required"},
                {"params", encode(params_.values)},
                {"width", width},
                {"height", height},
                {"region", region}})
        .at("rect")
        .get<runtime::Rect>();
}

namespace {

/// What the worker asks of this process while a run is under way.
class Callbacks {
  public:
    Callbacks(const RunRequest &request, const WrittenRequest &written)
        : request_(request)
        , written_(written) {}

    /// Answers; memory of the answer is kept until the next. What a callback threw is thrown at the end.
    struct Answer {
        Json body;
        int attached = -1;
    };
    [[nodiscard]] Answer answer(Message &message);
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

  private:
    Json progress(const Json &body);
    Json tile(Message &message);
    Answer piece(Message &message, bool read);

    const RunRequest &request_;
    const WrittenRequest &written_;
    std::uint64_t previews_ = 0;
    SharedMemory piece_;
    std::exception_ptr thrown_;
};

Json Callbacks::progress(const Json &body) {
    const Progress now = decode_progress(body.at("progress"));
    if (now.previews != previews_) written_.copy_back();
    previews_ = now.previews;
    return {{"go", !request_.progress || request_.progress(now)}};
}

Json Callbacks::tile(Message &message) {
    const runtime::Rect rect = message.body.at("rect");
    const std::string port = message.body.at("port");
    if (!message.attached.empty()) {
        const SharedMemory memory(std::move(message.attached[0]));
        return {
            {"go", request_.tile(rect, packed_view(decode_view(message.body.at("what")), memory.bytes()))}};
    }
    const runtime::Rect place = message.body.at("place"); // in the output image
    written_.copy_back(port, place);
    if (!request_.tile) return {{"go", true}};
    const image::ImageView piece =
        image::cropped(request_.images.at(port), place.x, place.y, static_cast<std::int32_t>(place.width),
                       static_cast<std::int32_t>(place.height));
    return {{"go", request_.tile(rect, piece)}};
}

Callbacks::Answer Callbacks::piece(Message &message, bool read) {
    const runtime::Rect rect = message.body.at("rect");
    const auto &pieces = read ? request_.sources : request_.sinks;
    const auto found = pieces.find(message.body.at("port").get<std::string>());
    const image::ImageView what = decode_view(message.body.at("what"));
    if (found == pieces.end() || (!read && message.attached.empty())) throw Gone();
    piece_ = read ? SharedMemory(packed_bytes(what)) : SharedMemory(std::move(message.attached[0]));
    found->second.transfer(rect, packed_view(what, piece_.bytes()));
    return {{{"go", true}}, read ? piece_.descriptor() : -1};
}

Callbacks::Answer Callbacks::answer(Message &message) {
    const std::string is = message.body.at("is");
    try {
        if (is == "progress") return {progress(message.body)};
        if (is == "tile") return {tile(message)};
        if (is == "read" || is == "write") return piece(message, is == "read");
    } catch (const Gone &) {
        throw;
    } catch (const Json::exception &) {
        throw;
    } catch (const std::exception &) {
        thrown_ = std::current_exception();
        return {current_error()};
    }
    throw Gone();
}

} // namespace

std::shared_ptr<const RunResult> IsolatedSession::make_result(const RunRequest &request) {
    check_ports(task_, request);
    check_cancelled(request);
    open();
    const WrittenRequest written(task_, request);
    const std::uint64_t run = ++runs_;
    Conversation conversation(*this, run, [&request] { return is_cancelled(request); });
    try {
        return conversation.within([&]() -> std::shared_ptr<const RunResult> {
            Json body = written.body();
            body["do"] = "run";
            body["run"] = run;
            body["params"] = encode(params_.values);
            body["tells"] = {{"progress", static_cast<bool>(request.progress)},
                             {"tile", static_cast<bool>(request.tile)}};
            conversation.say(body, written.descriptor());
            Callbacks callbacks(request, written);
            for (;;) {
                Message message = conversation.hear();
                const std::string is = message.body.at("is");
                if (is == "error") {
                    conversation.end();
                    callbacks.rethrow();
                    throw_error(message.body);
                }
                if (is != "result") {
                    const Callbacks::Answer answer = callbacks.answer(message);
                    conversation.say(answer.body, answer.attached);
                    continue;
                }
                auto result = std::make_shared<RunResult>(message.body.at("result").get<RunResult>());
                result->values = decode_values(message.body.at("values"));
                for (const auto &[name, tensor] : take_tensors(message)) result->tensors[name] = *tensor;
                conversation.end();
                written.copy_back();
                return result;
            }
        });
    } catch (const WorkerEnded &) {
        check_cancelled(request); // it was ended because it did not stop
        throw;
    }
}

} // namespace mirra::isolation
