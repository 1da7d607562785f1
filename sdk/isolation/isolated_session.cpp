// A session in a worker, as the host's process has it.
#include "isolated_session.hpp"

#include "engine_runs.hpp"
#include "ports.hpp"
#include "request_memory.hpp"
#include "session_state.hpp"

#include <exception>
#include <set>

namespace mirra::isolation {

using namespace host;

TensorSet take_tensors(Message answer) {
    const Json &tensors = answer.body.at("tensors");
    if (tensors.empty()) return {};
    if (answer.attached.empty()) throw Gone();
    const SharedMemory memory(std::move(answer.attached[0]), said_bytes(tensors));
    return read_tensors(tensors, memory.bytes());
}

namespace {

/// Takes the lane from a session whose conversation does not come to its end.
class LaneOf {
  public:
    LaneOf(std::optional<Lane> &lane, const Conversation &conversation)
        : lane_(lane)
        , conversation_(conversation) {}
    LaneOf(const LaneOf &) = delete;
    LaneOf &operator=(const LaneOf &) = delete;
    ~LaneOf() {
        if (!conversation_.ended()) lane_.reset();
    }

  private:
    std::optional<Lane> &lane_;
    const Conversation &conversation_;
};

} // namespace

IsolatedSession::IsolatedSession(std::shared_ptr<IsolatedEngine> engine, const SessionOptions &options)
    : Session(engine)
    , engine_(std::move(engine))
    , task_(engine_->task(options.task))
    , given_(options)
    , shown_(options) {
    params_.known.info = task_.info;
    open([this] { return engine_->stopped(); });
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

void IsolatedSession::open(const Stopped &stopped) {
    if (lane_ && link_->still_runs()) return;
    const bool first = link_ == nullptr;
    lane_.reset();
    link_ = engine_->link(stopped);
    lane_.emplace(link_->open_lane());
    Json create{{"do", "create"}, {"options", given_}};
    if (given_.bundle != nullptr) {
        const std::string &path = given_.bundle_path;
        create["bundle"] = link_->number_of(given_.bundle, path.empty() ? "memory" : path);
    }
    Json made;
    try {
        made = ask(create, stopped);
    } catch (...) {
        lane_.reset(); // without a session it is of no use
        throw;
    }
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

Json IsolatedSession::ask(const Json &body, const Stopped &stopped) {
    Conversation conversation(*link_, *lane_, 0, stopped);
    const LaneOf lane(lane_, conversation);
    return conversation.ask(body).body;
}

Json IsolatedSession::ask(const Json &body) {
    const Stopped stopped = [this] { return engine_->stopped(); };
    open(stopped);
    return ask(body, stopped);
}

void IsolatedSession::find_places(RunRequest &request) const {
    if (request.places.empty()) return;
    throw Error(ErrorCode::unsupported,
                "pixels on a GPU do not cross into the process that runs the engine's sessions",
                request.places.begin()->first,
                "Leave MIRRA_ISOLATION_PROCESS out, or copy the pixels into the processor's memory.");
}

std::shared_ptr<Session> IsolatedSession::make_clone() {
    return std::make_shared<IsolatedSession>(engine_, given_);
}

Plan IsolatedSession::make_plan(std::int32_t width, std::int32_t height) {
    return ask({{"do", "plan"}, {"params", encode(params_.values)}, {"width", width}, {"height", height}})
        .at("plan")
        .get<Plan>();
}

runtime::Rect IsolatedSession::make_required(std::int32_t width, std::int32_t height,
                                             const runtime::Rect &region) {
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

    /// Memory of the answer is kept until the next. What a callback threw is thrown at the end.
    struct Answer {
        Json body;
        int attached = -1;
    };
    [[nodiscard]] Answer answer(Message &message);
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }
    /// What no callback was told of goes to the caller's images at the end.
    void finish() const {
        for (const std::string &port : written_.outputs())
            if (!told_.contains(port)) written_.copy_back(port);
    }

  private:
    bool progress(const Json &body);
    bool tile(Message &message);
    Answer piece(Message &message, bool read);
    /// The place in the output of a rectangle of its image.
    [[nodiscard]] runtime::Rect in_output(const runtime::Rect &place) const {
        const runtime::Rect region = request_.region.value_or(runtime::Rect{});
        return {place.x + region.x, place.y + region.y, place.width, place.height};
    }

    const RunRequest &request_;
    const WrittenRequest &written_;
    std::uint64_t previews_ = 0;
    std::set<std::string> told_;
    SharedMemory piece_;
    std::exception_ptr thrown_;
};

/// Of a picture in pieces, what a message says is there. @throws Gone where it is not of that picture
image::ImageView checked_piece(const Json &body, const image::ImageView &picture,
                               const runtime::Rect &whole) {
    const runtime::Rect rect = body.at("rect");
    image::ImageView view = picture;
    if (!lies_within(rect, whole)) throw Gone();
    view.width = static_cast<std::int32_t>(rect.width);
    view.height = static_cast<std::int32_t>(rect.height);
    return view;
}

bool Callbacks::progress(const Json &body) {
    const Progress now = decode_progress(body.at("progress"));
    if (now.previews != previews_)
        for (const std::string &port : written_.outputs()) written_.copy_back(port);
    previews_ = now.previews;
    return !request_.progress || request_.progress(now);
}

bool Callbacks::tile(Message &message) {
    const std::string port = message.body.at("port");
    const auto transfer = message.body.at("transfer").get<image::Transfer>();
    if (const auto sink = request_.sinks.find(port); sink != request_.sinks.end()) {
        const image::ImageView &picture = sink->second.description;
        image::ImageView what =
            checked_piece(message.body, picture, in_output({0, 0, picture.width, picture.height}));
        if (message.attached.empty()) throw Gone();
        const SharedMemory memory(std::move(message.attached[0]), packed_bytes(what));
        what.transfer = transfer;
        return request_.tile(message.body.at("rect"), packed_view(what, memory.bytes()), nullptr);
    }
    const runtime::Rect place = message.body.at("place"); // in the output image
    written_.copy_back(port, place);
    told_.insert(port);
    image::ImageView piece =
        image::cropped(request_.images.at(port), place.x, place.y, static_cast<std::int32_t>(place.width),
                       static_cast<std::int32_t>(place.height));
    piece.transfer = transfer;
    return request_.tile(in_output(place), piece, nullptr);
}

Callbacks::Answer Callbacks::piece(Message &message, bool read) {
    const auto &pieces = read ? request_.sources : request_.sinks;
    const auto found = pieces.find(message.body.at("port").get<std::string>());
    if (found == pieces.end() || (!read && message.attached.empty())) throw Gone();
    const image::ImageView &picture = found->second.description;
    const runtime::Rect whole{0, 0, picture.width, picture.height};
    const image::ImageView what = checked_piece(message.body, picture, read ? whole : in_output(whole));
    piece_ = read ? SharedMemory(packed_bytes(what))
                  : SharedMemory(std::move(message.attached[0]), packed_bytes(what));
    found->second.transfer(message.body.at("rect"), packed_view(what, piece_.bytes()));
    return {{{"go", true}}, read ? piece_.descriptor() : -1};
}

Callbacks::Answer Callbacks::answer(Message &message) {
    const std::string is = message.body.at("is");
    const auto go = [&](bool on) { return Answer{{{"go", on && !is_cancelled(request_)}}}; };
    try {
        if (is == "progress") return go(progress(message.body));
        if (is == "tile" && request_.tile) return go(tile(message));
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
    try {
        return run(request);
    } catch (const WorkerEnded &) {
        check_cancelled(request); // it was ended because it did not stop
        throw;
    }
}

std::shared_ptr<const RunResult> IsolatedSession::run(const RunRequest &request) {
    const Stopped stopped = [&request] { return is_cancelled(request); };
    open(stopped);
    const WrittenRequest written(task_, request);
    Json body = written.body();
    body["do"] = "run";
    body["run"] = ++runs_;
    body["params"] = encode(params_.values);
    body["tells"] = {{"progress", static_cast<bool>(request.progress)},
                     {"tile", static_cast<bool>(request.tile)}};
    Callbacks callbacks(request, written);
    Conversation conversation(*link_, *lane_, runs_, stopped);
    const LaneOf lane(lane_, conversation);
    try {
        return conversation.within([&]() -> std::shared_ptr<const RunResult> {
            conversation.say(body, written.descriptor());
            for (;;) {
                Message message = conversation.hear();
                if (message.body.at("is") != "result") {
                    const Callbacks::Answer answer = callbacks.answer(message);
                    conversation.say(answer.body, answer.attached);
                    continue;
                }
                auto result = std::make_shared<RunResult>(message.body.at("result").get<RunResult>());
                result->values = decode_values(message.body.at("values"));
                for (const auto &[name, tensor] : take_tensors(std::move(message)))
                    result->tensors[name] = *tensor;
                conversation.end();
                callbacks.finish();
                return result;
            }
        });
    } catch (const Error &) {
        if (conversation.ended()) callbacks.rethrow();
        throw;
    }
}

} // namespace mirra::isolation
