#include "run.h"

#include "convert.h"
#include "value.h"

#include <algorithm>
#include <set>
#include <utility>

namespace mirra_node {
namespace {

/// How long an ending environment waits for a job that was asked to stop: one whose plugin does not return
/// keeps its memory, and goes on by itself.
constexpr double patience = 10;

std::mutex all_mutex;
std::set<Run *> &all_runs() {
    static auto *runs = new std::set<Run *>; // also for threads that outlive the process's statics
    return *runs;
}

void set_value(Js &js, napi_value value, mirra_type type, mirra_value &plain, std::list<std::string> &texts,
               const char *what) {
    switch (js.type(value)) {
    case napi_boolean:
        plain.type = MIRRA_TYPE_BOOL;
        plain.integer = js.to_boolean(value) ? 1 : 0;
        return;
    case napi_string:
        plain.type = type == MIRRA_TYPE_INT || type == MIRRA_TYPE_FLOAT ? MIRRA_TYPE_ENUM : type;
        plain.text = texts.emplace_back(js.to_text(value, what)).c_str();
        return;
    default:
        break;
    }
    plain.type = type == MIRRA_TYPE_FLOAT ? MIRRA_TYPE_FLOAT : MIRRA_TYPE_INT;
    if (type == MIRRA_TYPE_FLOAT)
        plain.real = js.to_number(value, what);
    else
        plain.integer = js.to<std::int64_t>(value, what);
}

napi_value to_result(Js &js, const mirra_result &result) {
    const auto info = filled<mirra_result_info>(
        [&](auto out, auto error) { return api().mirra_result_get_info(&result, out, error); });
    napi_value object = to_object(js, info), values = js.object();
    for (std::uint32_t i = 0; i < info.value_count; ++i) {
        const char *name = nullptr;
        const auto value = filled<mirra_value>(
            [&](auto out, auto error) { return api().mirra_result_value(&result, i, &name, out, error); });
        js.define(values, name, to_value(js, value));
    }
    js.set(object, "values", values);
    mirra_tensors *tensors = nullptr;
    if (info.tensor_count > 0)
        succeed([&](mirra_error **error) { return api().mirra_result_tensors(&result, &tensors, error); });
    const std::unique_ptr<mirra_tensors, void (*)(mirra_tensors *)> owner(tensors,
                                                                          api().mirra_tensors_destroy);
    js.set(object, "tensors", tensors != nullptr ? to_tensors(js, *tensors) : js.array());
    return object;
}

} // namespace

Run::Run(std::shared_ptr<Loop> loop)
    : loop_(std::move(loop))
    , options_(filled<mirra_run_options>([](auto, auto) { return MIRRA_OK; }))
    , region_{sizeof(mirra_rect), 0, 0, 0, 0, 0}
    , last_(filled<mirra_job_status>([](auto, auto) { return MIRRA_OK; }))
    , progress_(filled<mirra_progress>([](auto, auto) { return MIRRA_OK; })) {
    succeed([this](mirra_error **error) { return api().mirra_cancel_create(&cancel_, error); });
}

Run::~Run() {
    set_listed(false); // where the environment ended before the run
    api().mirra_cancel_destroy(cancel_);
}

// ---- Stopping

void Run::set_listed(bool on) {
    const std::lock_guard<std::mutex> lock(all_mutex);
    if (on)
        all_runs().insert(this);
    else
        all_runs().erase(this);
}

void Run::cancel() {
    api().mirra_cancel_request(cancel_);
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

void Run::cancel_all(const Loop *loop) {
    const std::lock_guard<std::mutex> lock(all_mutex);
    for (Run *run : all_runs())
        if (loop == nullptr || run->loop_.get() == loop) run->cancel();
}

void Run::on_exit(void *data) {
    const std::shared_ptr<Run> run = static_cast<Run *>(data)->shared_from_this();
    run->loop_->close();
    cancel_all(run->loop_.get());
    mirra_job *job = std::exchange(run->job_, nullptr);
    if (api().mirra_job_wait(job, patience, nullptr, nullptr) != MIRRA_E_TIMEOUT)
        api().mirra_job_destroy(job);
}

// ---- Running

void Run::start(Js &js, mirra_session *session) {
    succeed([&](mirra_error **error) {
        return api().mirra_session_submit(session, ports_.values.data(), ports_.values.size(), &options_,
                                          &job_, error);
    });
    // Hooks are called from the last to the first: a buffer that the job uses was made before, and ends after
    // it.
    js.check(napi_add_env_cleanup_hook(js.env, on_exit, this));
}

void Run::release(Js &js) {
    for (HeldImage &image : ports_.images) image.give_back(js);
    for (Stream &stream : ports_.streams) stream.callback.reset(js);
    progress_callback_.reset(js);
    tile_callback_.reset(js);
    ports_ = {};
    set_listed(false);
}

void Run::begin(Js &js, mirra_session *session, napi_value ports, napi_value options) {
    try {
        parse(js, ports, options);
        set_listed(true);
        if (!here_ || has_callbacks()) start(js, session);
    } catch (...) {
        release(js);
        throw;
    }
}

napi_value Run::submit(Js &js, mirra_session *session, napi_value ports, napi_value options) {
    begin(js, session, ports, options);
    napi_value promise = nullptr;
    js.check(napi_create_promise(js.env, &deferred_, &promise));
    loop_->hold();
    return promise;
}

napi_value Run::run_now(Js &js, mirra_session *session, napi_value ports, napi_value options) {
    here_ = true;
    begin(js, session, ports, options);
    if (!has_callbacks()) {
        mirra_result *result = nullptr;
        mirra_error *error = nullptr;
        const mirra_status status = api().mirra_session_run(session, ports_.values.data(),
                                                            ports_.values.size(), &options_, &result, &error);
        const std::unique_ptr<mirra_result, void (*)(mirra_result *)> owner(result,
                                                                            api().mirra_result_destroy);
        release(js);
        if (status != MIRRA_OK) throw failure(status, error);
        return to_result(js, *result);
    }
    for (bool done = false; !done;) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            changed_.wait(lock,
                          [this] { return done_ || has_progress_ || !tiles_.empty() || !requests_.empty(); });
            done = done_;
        }
        deliver(js);
    }
    return finish(js);
}

void Run::deliver(Js &js) {
    const std::shared_ptr<Run> self = shared_from_this();
    bool progressed = false, done = false;
    std::vector<mirra_rect> tiles;
    std::vector<std::shared_ptr<Request>> requests;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        progressed = std::exchange(has_progress_, false);
        tiles.swap(tiles_);
        requests.swap(requests_);
        done = done_;
    }
    for (const auto &request : requests) call_stream(js, request);
    for (const mirra_rect &rect : tiles) call_tile(js, rect);
    if (progressed) call_progress(js);
    if (done && !here_ && deferred_ != nullptr) end(js);
}

void Run::end(Js &js) {
    loop_->release();
    napi_value result = guarded(js.env, [this](Js &inner) { return finish(inner); });
    napi_value exception = nullptr;
    bool pending = false;
    js.check(napi_is_exception_pending(js.env, &pending));
    const napi_deferred deferred = std::exchange(deferred_, nullptr);
    if (!pending) return js.check(napi_resolve_deferred(js.env, deferred, result));
    js.check(napi_get_and_clear_last_exception(js.env, &exception));
    js.check(napi_reject_deferred(js.env, deferred, exception));
}

napi_value Run::finish(Js &js) {
    napi_remove_env_cleanup_hook(js.env, on_exit, this);
    mirra_result *result = nullptr;
    mirra_error *error = nullptr;
    const mirra_status status = api().mirra_job_wait(job_, -1, &result, &error);
    const std::unique_ptr<mirra_result, void (*)(mirra_result *)> owner(result, api().mirra_result_destroy);
    api().mirra_job_poll(job_, &last_, nullptr);
    api().mirra_job_destroy(std::exchange(job_, nullptr));
    release(js);
    if (exception_) {
        api().mirra_error_destroy(error);
        js.check(napi_throw(js.env, js.get(exception_.value(js), 0U)));
        exception_.reset(js);
        throw Pending{};
    }
    if (status != MIRRA_OK) throw failure(status, error);
    return to_result(js, *result);
}

bool Run::has_callbacks() const {
    return progress_callback_ || tile_callback_ || !ports_.streams.empty();
}

void Run::listen(Js &js, napi_value callback) {
    if (job_ == nullptr) return; // it has ended
    progress_callback_.reset(js);
    progress_callback_ = Reference(js, callback);
    const std::lock_guard<std::mutex> lock(mutex_);
    listening_ = true;
}

mirra_job_status Run::poll() const {
    if (job_ == nullptr) return last_;
    return filled<mirra_job_status>(
        [this](auto out, auto error) { return api().mirra_job_poll(job_, out, error); });
}

// ---- Calls into JavaScript

napi_value Run::call(Js &js, const Reference &function, std::initializer_list<napi_value> values) {
    napi_value result = nullptr, exception = nullptr;
    const napi_status status = napi_call_function(js.env, js.undefined(), function.value(js), values.size(),
                                                  values.begin(), &result);
    if (status == napi_ok) return result;
    if (status == napi_pending_exception && napi_get_and_clear_last_exception(js.env, &exception) == napi_ok)
        keep_exception(js, exception);
    cancel();
    return nullptr;
}

void Run::keep_exception(Js &js, napi_value exception) {
    if (!exception_) {
        napi_value holder = js.array(1); // a reference to a primitive is none
        js.set(holder, 0U, exception);
        exception_ = Reference(js, holder);
    }
    cancel();
}

void Run::call_progress(Js &js) {
    mirra_progress progress{};
    std::string stage;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        progress = progress_;
        stage = stage_;
    }
    progress.stage = stage.c_str();
    if (!progress_callback_ || exception_) return;
    const napi_value result = call(js, progress_callback_, {to_object(js, progress)});
    if (result != nullptr && js.type(result) == napi_boolean && !js.to_boolean(result)) cancel();
}

void Run::call_tile(Js &js, const mirra_rect &rect) {
    if (tile_callback_ && !exception_) call(js, tile_callback_, {to_object(js, rect)});
}

void Run::call_stream(Js &js, const std::shared_ptr<Request> &request) {
    const Reference &function = ports_.streams[request->stream].callback;
    napi_value result = nullptr;
    try {
        const napi_value handle = box(js, "request", request), rect = to_object(js, request->rect);
        const napi_value image = request->reads ? js.undefined() : written_image(js, *request);
        if (image == nullptr) return; // the run has given up: there are no pixels to write
        result = call(js, function, {handle, rect, image});
    } catch (...) {
        answer(*request, MIRRA_E_CANCELLED);
        throw;
    }
    if (result == nullptr) answer(*request, MIRRA_E_CANCELLED);
}

napi_value Run::written_image(Js &js, const Request &request) {
    const mirra_image &pixels = request.pixels;
    void *data = nullptr;
    const napi_value array = js.typed_array(array_type(pixels.format), array_length(pixels), &data);
    mirra_image copy = pixels;
    copy.planes[0].data = data;
    copy.planes[0].pixel_stride = pixels.color * static_cast<std::int64_t>(sample_size(pixels.format));
    copy.planes[0].row_stride = copy.planes[0].pixel_stride * pixels.width;
    const bool is_there = with_pixels(request, [&] { copy_pixels(pixels, copy); });
    return is_there ? to_image(js, copy, array) : nullptr;
}

void Run::answer(Request &request, mirra_status status) {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!std::exchange(request.answered, true)) request.status = status;
    }
    changed_.notify_all();
}

// ---- On the run's threads

void Run::notify() {
    if (here_)
        changed_.notify_all();
    else
        loop_->wake(shared_from_this());
}

std::int32_t Run::on_progress(void *user, const mirra_progress *progress) {
    Run &run = **static_cast<std::shared_ptr<Run> *>(user);
    {
        const std::lock_guard<std::mutex> lock(run.mutex_);
        run.progress_ = *progress;
        run.stage_ = progress->stage != nullptr ? progress->stage : "";
        if (run.stopping_) return 1;
        if (!run.listening_) return 0;
        if (std::exchange(run.has_progress_, true)) return 0; // not yet taken: JavaScript sees the newest
    }
    run.notify();
    return 0;
}

std::int32_t Run::on_tile(void *user, const mirra_rect *rect, const mirra_image *) {
    Run &run = **static_cast<std::shared_ptr<Run> *>(user);
    {
        const std::lock_guard<std::mutex> lock(run.mutex_);
        if (run.stopping_) return 1;
        run.tiles_.push_back(*rect);
    }
    run.notify();
    return 0;
}

void Run::on_done(void *user, mirra_status) {
    Run &run = **static_cast<std::shared_ptr<Run> *>(user);
    {
        const std::lock_guard<std::mutex> lock(run.mutex_);
        run.done_ = true;
    }
    run.notify();
}

mirra_status Run::on_read(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    const auto &stream = *static_cast<Stream *>(user);
    return stream.run->ask(true, stream.index, rect, pixels);
}

mirra_status Run::on_write(void *user, const mirra_rect *rect, const mirra_image *pixels) {
    const auto &stream = *static_cast<Stream *>(user);
    return stream.run->ask(false, stream.index, rect, pixels);
}

mirra_status Run::ask(bool reads, std::size_t stream, const mirra_rect *rect, const mirra_image *pixels) {
    const auto request = std::make_shared<Request>();
    request->run = shared_from_this();
    request->reads = reads;
    request->stream = stream;
    request->rect = *rect;
    request->pixels = *pixels;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (stopping_) return MIRRA_E_CANCELLED;
        requests_.push_back(request);
    }
    notify();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return request->answered || stopping_; });
    if (std::exchange(request->answered, true)) return request->status;
    return MIRRA_E_CANCELLED;
}

// ---- From JavaScript

void Run::parse(Js &js, napi_value ports, napi_value options) {
    if (options_.user != nullptr) throw invalid("run", "was begun before");
    const std::uint32_t count = js.length(ports);
    ports_.values.reserve(count);
    ports_.streams.reserve(count); // they are pointed at
    for (std::uint32_t i = 0; i < count; ++i) parse_port(js, js.get(ports, i));
    parse_options(js, options);
    options_.cancel = cancel_;
    options_.done = on_done;
    options_.user = new std::shared_ptr<Run>(shared_from_this());
    options_.user_free = [](void *user) { delete static_cast<std::shared_ptr<Run> *>(user); };
}

void Run::parse_port(Js &js, napi_value port) {
    MIRRA_STRUCT(mirra_port_value, value);
    const char *name = ports_.texts.emplace_back(js.to_text(js.get(port, "name"), "name")).c_str();
    value.name = name;
    const napi_value given = js.get(port, "value");
    switch (static_cast<PortKind>(js.to<std::int32_t>(js.get(port, "kind"), "kind"))) {
    case PortKind::ask:
        break;
    case PortKind::read:
        value.image = ports_.images.emplace_back(js, given, name, HeldImage::Use::read).get();
        break;
    case PortKind::write:
        value.image = ports_.images.emplace_back(js, given, name, HeldImage::Use::write).get();
        break;
    case PortKind::picture:
        value.picture = ports_.pictures.emplace_back(unbox<mirra_picture>(js, given)).get();
        break;
    case PortKind::tensor:
        value.tensor = ports_.tensors.emplace_back(js, given, name).get();
        break;
    case PortKind::source:
        parse_stream(js, port, value, true);
        break;
    case PortKind::sink:
        parse_stream(js, port, value, false);
        break;
    case PortKind::plain:
        MIRRA_STRUCT(mirra_value, plain);
        set_value(js, given, js.to<std::int32_t>(js.get(port, "type"), "type"), plain, ports_.texts, name);
        value.value = &ports_.plain.emplace_back(plain);
        break;
    }
    ports_.values.push_back(value);
}

void Run::parse_stream(Js &js, napi_value port, mirra_port_value &value, bool reads) {
    const mirra_image *image =
        ports_.images.emplace_back(js, js.get(port, "value"), value.name, HeldImage::Use::describe).get();
    Stream &stream = ports_.streams.emplace_back(
        Stream{this, ports_.streams.size(), Reference(js, js.get(port, "callback"))});
    if (reads) {
        mirra_source &source = ports_.sources.emplace_back();
        source = {sizeof(mirra_source), 0, image, on_read, &stream};
        value.source = &source;
    } else {
        mirra_sink &sink = ports_.sinks.emplace_back();
        sink = {sizeof(mirra_sink), 0, image, on_write, &stream};
        value.sink = &sink;
    }
}

void Run::parse_options(Js &js, napi_value options) {
    if (!here_) options_.progress = on_progress; // somebody may begin to listen to a job
    if (!js.is_given(options)) return;
    if (const napi_value region = js.get(options, "region"); js.is_given(region)) {
        const auto side = [&](const char *name) { return js.to<std::int64_t>(js.get(region, name), name); };
        region_ = {sizeof(mirra_rect), 0, side("x"), side("y"), side("width"), side("height")};
        options_.region = &region_;
    }
    if (const napi_value scale = js.get(options, "scale"); js.is_given(scale))
        options_.scale = js.to_number(scale, "scale");
    if (const napi_value frame = js.get(options, "frame"); js.is_given(frame))
        options_.frame = js.to<std::int64_t>(frame, "frame");
    if (const napi_value callback = js.get(options, "progress"); js.is_given(callback)) {
        progress_callback_ = Reference(js, callback);
        listening_ = true;
        options_.progress = on_progress;
    }
    if (const napi_value callback = js.get(options, "tile"); js.is_given(callback)) {
        tile_callback_ = Reference(js, callback);
        options_.tile = on_tile;
    }
}

// ---- Exports

namespace {

napi_value run_create(Js &js, const Arguments &) {
    return box(js, "run", std::make_shared<Run>(environment(js.env).loop));
}

std::shared_ptr<Run> run_of(Js &js, const Arguments &values) {
    return std::static_pointer_cast<Run>(unbox(js, values[0], "run"));
}

napi_value run_submit(Js &js, const Arguments &values) {
    const auto session = unbox<mirra_session>(js, values[1]);
    return run_of(js, values)->submit(js, session.get(), values[2], values[3]);
}

napi_value run_sync(Js &js, const Arguments &values) {
    const auto session = unbox<mirra_session>(js, values[1]);
    // Without a handle nobody stops it.
    const auto run =
        js.is_given(values[0]) ? run_of(js, values) : std::make_shared<Run>(environment(js.env).loop);
    return run->run_now(js, session.get(), values[2], values[3]);
}

napi_value run_cancel(Js &js, const Arguments &values) {
    run_of(js, values)->cancel();
    return js.undefined();
}

napi_value run_listen(Js &js, const Arguments &values) {
    run_of(js, values)->listen(js, values[1]);
    return js.undefined();
}

napi_value run_poll(Js &js, const Arguments &values) {
    return to_object(js, run_of(js, values)->poll());
}

napi_value cancel_everything(Js &js, const Arguments &) {
    Run::cancel_all();
    return js.undefined();
}

std::shared_ptr<Request> request_of(Js &js, const Arguments &values) {
    return std::static_pointer_cast<Request>(unbox(js, values[0], "request"));
}

napi_value request_read(Js &js, const Arguments &values) {
    const auto request = request_of(js, values);
    const HeldImage image(js, values[1], "pixels", HeldImage::Use::read);
    request->run->with_pixels(*request, [&] {
        const mirra_image &from = *image.get(), &to = request->pixels;
        if (from.width != to.width || from.height != to.height || from.format != to.format ||
            from.color != to.color)
            throw invalid("pixels",
                          "must have the size of the rectangle, and the format and channels of the source");
        copy_pixels(from, to);
    });
    request->run->answer(*request, MIRRA_OK);
    return js.undefined();
}

napi_value request_written(Js &js, const Arguments &values) {
    const auto request = request_of(js, values);
    request->run->answer(*request, MIRRA_OK);
    return js.undefined();
}

napi_value request_fail(Js &js, const Arguments &values) {
    request_of(js, values)->run->keep_exception(js, values[1]);
    return js.undefined();
}

} // namespace

std::vector<Export> run_exports() {
    return {
        exported<run_create>("runCreate"),     exported<run_submit>("runSubmit"),
        exported<run_sync>("runSync"),         exported<run_cancel>("runCancel"),
        exported<run_listen>("runListen"),     exported<run_poll>("runPoll"),
        exported<request_read>("requestRead"), exported<request_written>("requestWritten"),
        exported<request_fail>("requestFail"), exported<cancel_everything>("cancelEverything"),
    };
}

} // namespace mirra_node
