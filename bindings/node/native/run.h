// A run of a session: its ports, and the callbacks that reach JavaScript from the run's threads.
#pragma once

#include "handles.h"
#include "image.h"
#include "tensor.h"

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mirra_node {

class Run;

/// A rectangle that a source is asked for, or that a sink is given: the run's thread waits for JavaScript's
/// answer.
struct Request {
    std::shared_ptr<Run> run;
    bool reads;
    std::size_t stream;
    mirra_rect rect;
    mirra_image pixels; // the library's; only while the thread waits
    mirra_status status = MIRRA_OK;
    bool answered = false;
};

/// A source or sink.
struct Stream {
    Run *run;
    std::size_t index;
    Reference callback;
};

/// What goes to a port, as src/native.ts names it.
enum class PortKind : std::int32_t { ask, read, write, picture, tensor, plain, source, sink };

/// The values at the ports, with all that they point at. Lists, because an empty one costs nothing.
struct Ports {
    std::vector<mirra_port_value> values;
    std::list<std::string> texts;
    std::list<HeldImage> images;
    std::list<mirra_value> plain;
    std::list<HeldTensor> tensors;
    std::list<mirra_source> sources;
    std::list<mirra_sink> sinks;
    std::vector<Stream> streams; // as many as there are ports at most
    std::vector<std::shared_ptr<mirra_picture>> pictures;
};

class Run : public Notified, public std::enable_shared_from_this<Run> {
  public:
    explicit Run(std::shared_ptr<Loop> loop);
    ~Run() override;

    // ---- On the environment's thread

    /// Begins a job; gives a promise of its result.
    napi_value submit(Js &js, mirra_session *session, napi_value ports, napi_value options);
    /// Runs to the end here, callbacks included, and gives the result.
    napi_value run_now(Js &js, mirra_session *session, napi_value ports, napi_value options);
    /// Takes what the run's threads have left here, and calls JavaScript with it.
    void deliver(Js &js) override;
    [[nodiscard]] mirra_job_status poll() const;
    /// Tells `callback` of the progress from now on.
    void listen(Js &js, napi_value callback);
    /// Answers a request, once.
    void answer(Request &request, mirra_status status);
    /// JavaScript threw: that ends the run, and is what the run ends with.
    void keep_exception(Js &js, napi_value exception);
    /// Calls access() while a request's pixels are there; false where the run has given up waiting.
    template<class Access> bool with_pixels(const Request &request, const Access &access) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!request.answered) access();
        return !request.answered;
    }

    /// Whether `cancel_all` stops it.
    void set_listed(bool on);
    /// From any thread: asks the run to stop.
    void cancel();
    /// From any thread: asks all runs of the process to stop, or those of one environment.
    static void cancel_all(const Loop *loop = nullptr);

  private:
    void parse(Js &js, napi_value ports, napi_value options);
    void parse_port(Js &js, napi_value port);
    void parse_stream(Js &js, napi_value port, mirra_port_value &value, bool reads);
    void parse_options(Js &js, napi_value options);
    [[nodiscard]] bool has_callbacks() const;
    /// Parses, and starts a job unless the run goes without one.
    void begin(Js &js, mirra_session *session, napi_value ports, napi_value options);
    void start(Js &js, mirra_session *session);
    /// Lets go of all that JavaScript gave; nothing is to be stopped any more.
    void release(Js &js);
    /// The job is done: settles the promise.
    void end(Js &js);
    /// The job is done: gives the result.
    napi_value finish(Js &js);
    /// The environment ends.
    static void on_exit(void *data);

    void call_progress(Js &js);
    void call_tile(Js &js, const mirra_rect &rect);
    void call_stream(Js &js, const std::shared_ptr<Request> &request);
    /// A copy of what a sink is given; null where the run has given up waiting.
    napi_value written_image(Js &js, const Request &request);
    napi_value call(Js &js, const Reference &function, std::initializer_list<napi_value> values);

    // ---- On the run's threads
    static std::int32_t on_progress(void *user, const mirra_progress *progress);
    static std::int32_t on_tile(void *user, const mirra_rect *rect, const mirra_image *);
    static void on_done(void *user, mirra_status status);
    static mirra_status on_read(void *user, const mirra_rect *rect, const mirra_image *pixels);
    static mirra_status on_write(void *user, const mirra_rect *rect, const mirra_image *pixels);
    mirra_status ask(bool reads, std::size_t stream, const mirra_rect *rect, const mirra_image *pixels);
    void notify();

    std::shared_ptr<Loop> loop_;
    Ports ports_;
    mirra_run_options options_;
    mirra_rect region_;
    Reference progress_callback_, tile_callback_, exception_;
    mirra_cancel *cancel_ = nullptr;
    mirra_job *job_ = nullptr;
    mirra_job_status last_; // once the job was destroyed
    napi_deferred deferred_ = nullptr;
    bool here_ = false; // the environment's thread waits in run_now

    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false, done_ = false, listening_ = false, has_progress_ = false;
    mirra_progress progress_;
    std::string stage_;
    std::vector<mirra_rect> tiles_;
    std::vector<std::shared_ptr<Request>> requests_;
};

} // namespace mirra_node
