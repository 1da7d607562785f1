// The host room: engines that load plugins, sessions that run their tasks tile by tile, jobs. What mirra.h
// says of an object (lifetime, thread-safety, units) holds for its class here; errors are mirra::Error.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/image.hpp"
#include "mirra/mirra.h"
#include "mirra/runtime.hpp"
#include "mirra/tiling.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mirra::cuda {
class Fence;
} // namespace mirra::cuda

namespace mirra::host {

using Value = std::variant<bool, std::int64_t, double, std::string>;
/// A tensor in the caller's memory; what a runtime::DeviceTensor is on its device.
using HostTensor = bundle::WeightTensor;
using TensorSet = std::map<std::string, std::shared_ptr<const HostTensor>>; ///< by name

/// A task as its plugin describes it: the C structs, checked, completed by their defaults (labels, soft
/// ranges), with texts of their own; none is null but default_text, where the default is a number.
class TaskInfo {
  public:
    TaskInfo() = default;
    TaskInfo(TaskInfo &&) noexcept = default;
    TaskInfo &operator=(TaskInfo &&) noexcept = default;
    TaskInfo(const TaskInfo &) = delete;
    TaskInfo &operator=(const TaskInfo &) = delete;
    ~TaskInfo() = default;

    mirra_task_info info{}; ///< the counts are those of the vectors
    std::vector<mirra_port_info> ports;
    std::vector<mirra_param_info> params;

    /// As it is listed: plain, or "ID:NAME" where another plugin has brought the name before.
    [[nodiscard]] std::string name() const { return info.name; }
    /// The plain name.
    [[nodiscard]] std::string_view own_name() const noexcept;
    /// "ID:NAME"
    [[nodiscard]] std::string full_name() const;
    /// Null: the task has none of that name.
    [[nodiscard]] const mirra_port_info *port(std::string_view name) const noexcept;
    /// @throws Error not_found
    [[nodiscard]] const mirra_param_info &param(std::string_view name) const;

    /// A copy that lives as long as this object.
    const char *keep(std::string text);
    const char *const *keep(std::vector<const char *> texts);

  private:
    std::list<std::string> texts_; ///< stay where they are, also when the object moves
    std::list<std::vector<const char *>> lists_;
};

[[nodiscard]] inline bool is_output(const mirra_port_info &port) noexcept {
    return port.direction == MIRRA_PORT_OUTPUT;
}
[[nodiscard]] inline bool is_image(const mirra_port_info &port) noexcept {
    return port.type == MIRRA_TYPE_IMAGE;
}
[[nodiscard]] inline bool is_optional(const mirra_port_info &port) noexcept {
    return (port.flags & MIRRA_PORT_OPTIONAL) != 0;
}

struct PluginRecord {
    std::string path, id, version, reason;
    bool loaded = false;
    std::uint32_t abi = 0;
    std::uint32_t task_count = 0;
    std::vector<std::string> taken_tasks; ///< that another plugin had brought before
};

/// As mirra_bundle_record.
struct BundleRecord {
    std::string path, name, task, quality, reason;
    std::uint64_t bytes = 0;
    bool usable = false;
};

/// level: MIRRA_LOG_*
using Log = std::function<void(std::int32_t level, const std::string &message)>;

/// What a caller's callbacks are handed, or what owns his pixels, and how it is freed: once, when the last
/// copy is gone.
class CallbackUser {
  public:
    CallbackUser(void *user, void (*free)(void *)) noexcept : user_(user), free_(free) {}
    CallbackUser(const CallbackUser &) = delete;
    CallbackUser &operator=(const CallbackUser &) = delete;
    ~CallbackUser() { free_now(); }

    [[nodiscard]] void *get() const noexcept { return user_; }
    void free_now() {
        if (auto *free = free_.exchange(nullptr)) free(user_);
    }
    /// Leaves it as it is: a callback has ended its thread, on whatever thread none may follow.
    void forget() noexcept {
        forgotten_ = true;
        free_ = nullptr;
    }
    [[nodiscard]] bool forgotten() const noexcept { return forgotten_; }

  private:
    void *user_;
    std::atomic<void (*)(void *)> free_;
    std::atomic<bool> forgotten_{false};
};

struct EngineOptions {
    std::string plugin_path, runtime_module, bundle_path, libtorch_path; ///< as in mirra_engine_options
    std::vector<std::string> plugin_skip;
    std::optional<std::vector<std::string>> plugin_files;   ///< these alone, in place of a search
    std::optional<std::vector<std::string>> bundle_folders; ///< in place of bundle_path and the environment
    bool plugin_path_only = false;
    bool plugin_scan = false; ///< load each in a process of its own first
    Log log;
    std::function<void(const std::string &path)> loading; ///< told of each file before anything of it runs
    std::shared_ptr<CallbackUser> user;                   ///< of `log`; may be null
};

/// What came of loading the runtime module.
struct RuntimeStatus {
    bool usable = false;
    std::string path, version, reason;
    std::string libtorch, libtorch_origin; ///< its file, and who named it; empty for a module without one
    std::string libtorch_version;          ///< of the one that is loaded; likewise
    std::uint64_t base_bytes = 0;
};

class BundleList;
class EngineRuns;

struct GraphRunOptions;
struct SessionOptions;
class Session;

/// What loads plugins and makes sessions of their tasks, here or in a process of its own. Thread-safe.
class Engine {
  public:
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;
    virtual ~Engine();

    [[nodiscard]] const std::vector<const TaskInfo *> &tasks() const noexcept { return tasks_; }
    /// @throws Error not_found; the hint names the nearest task, or lists them
    [[nodiscard]] const TaskInfo &task(std::string_view name) const;
    [[nodiscard]] const std::vector<PluginRecord> &plugins() const noexcept { return records_; }
    [[nodiscard]] const std::string &schema_json() const noexcept { return schema_; }
    /// Looks at the first call; see mirra_engine_device_count.
    virtual const std::vector<runtime::DeviceInfo> &devices() = 0;
    /// Loads the runtime module at the first call.
    virtual const RuntimeStatus &runtime_status() = 0;
    /// @param task  whose bundle it is; null: that of the first task that has one of this name
    /// @throws Error not_found
    [[nodiscard]] std::string find_bundle(const std::string &name, const TaskInfo *task = nullptr) const;
    /// Looks at the first call; see mirra_engine_bundle_count.
    const std::vector<BundleRecord> &bundle_records();
    /// Of a task of this engine, from the fastest. Looks at the first call.
    const std::vector<const char *> &qualities(const TaskInfo &task);
    /// Ends all runs; see mirra_engine_shutdown. @throws Error timeout | busy | invalid_argument
    void shut_down(double seconds);
    /// The process that runs the sessions; 0: this one.
    [[nodiscard]] virtual std::int64_t process() const noexcept { return 0; }
    [[nodiscard]] const std::shared_ptr<EngineRuns> &runs() const noexcept { return runs_; }

    /// For Session::create() and run_graph(), which check the options. `self` is this engine.
    [[nodiscard]] virtual std::shared_ptr<Session> make_session(const std::shared_ptr<Engine> &self,
                                                                const SessionOptions &options) = 0;
    virtual TensorSet make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                   const std::string &graph, const TensorSet &inputs,
                                   const GraphRunOptions &options) = 0;
    /// For measured_peak(), likewise.
    virtual double make_peak(const GraphRunOptions &options) = 0;

  protected:
    explicit Engine(EngineOptions options);
    /// Tells of the tasks that there are, once, when records_ is complete. They live as long as the engine.
    void list(std::vector<const TaskInfo *> tasks);

    EngineOptions options_;
    std::vector<PluginRecord> records_;

  private:
    [[nodiscard]] std::vector<std::filesystem::path> bundle_places(const TaskInfo *task) const;

    std::shared_ptr<EngineRuns> runs_;
    std::vector<const TaskInfo *> tasks_;
    std::string schema_;
    std::unique_ptr<BundleList> bundle_list_;
};

/// One that loads the plugins into this process, now.
[[nodiscard]] std::shared_ptr<Engine> make_engine(EngineOptions options);

struct SessionOptions {
    std::string task;
    std::shared_ptr<const bundle::Bundle> bundle; ///< null: that of the quality, or else the task's default
    std::string bundle_path;                      ///< of `bundle`; empty: it came from memory
    std::string quality;                          ///< empty: none was asked for
    std::string device = "cpu";
    runtime::Precision precision = runtime::Precision::automatic;
    std::uint64_t memory_limit = 0;
    std::int32_t threads = 0;
    std::int32_t tile_size = 0;
};

struct Plan {
    bool fits = true;
    std::uint64_t tile_count = 0, peak_bytes = 0, base_bytes = 0, required_bytes = 0, memory_limit = 0;
    std::int64_t tile_width = 0, tile_height = 0, alignment = 1;
    graph::Halo halo;
    runtime::Precision precision = runtime::Precision::fp32;
    std::int64_t output_width = 0, output_height = 0;
};

struct Progress {
    const char *stage = "";
    double fraction = 0;
    std::uint64_t tile = 0, tile_count = 0, bytes_now = 0, bytes_peak = 0;
    std::uint64_t previews = 0;             ///< unfinished results put into the output image so far
    std::uint64_t step = 0, step_count = 0; ///< nodes of the network, in the tile at hand
};

/// Sticky stop sign. Thread-safe.
class CancelToken {
  public:
    void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> requested_{false};
};

/// A picture in pieces: reads, or writes, a rectangle of it through memory of the host's. What it throws ends
/// the run.
using PieceFunction = std::function<void(const runtime::Rect &rect, const image::ImageView &pixels)>;
struct Pieces {
    image::ImageView description; ///< without pixels
    PieceFunction transfer;
};

/// Where an image's pixels lie, if that is not the processor's memory.
struct Place {
    std::string device;                       ///< "cuda:0"
    void *stream = nullptr;                   ///< of it, on which the caller makes and uses the pixels
    std::shared_ptr<const cuda::Fence> ready; ///< what that had when the run was asked for
};

/// What a run works on: port name -> value. Views must stay valid until the run ends.
struct RunRequest {
    std::map<std::string, image::ImageView> images;         ///< inputs (only read) and outputs
    std::map<std::string, Place> places;                    ///< of those that lie on a GPU
    std::map<std::string, std::vector<std::byte>> profiles; ///< ICC, of those that have one
    std::map<std::string, Value> values;
    std::map<std::string, HostTensor> tensors;
    std::set<std::string> wanted;                            ///< outputs that are no images and are asked for
    std::function<bool(const Progress &)> progress;          ///< returns whether to go on
    std::vector<std::shared_ptr<const CancelToken>> cancels; ///< any of them stops the run
    std::vector<std::shared_ptr<const void>> kept;           ///< what the images' memory belongs to
    std::function<void(const std::exception_ptr &)> done;    ///< of a job: called once when it has ended
    std::shared_ptr<CallbackUser> user;           ///< of `progress`, `tile` and `done`; may be null
    std::map<std::string, Pieces> sources, sinks; ///< in place of images
    /// Told of each rectangle of the output that is final, and where its pixels lie (null: in the processor's
    /// memory); returns whether to go on.
    std::function<bool(const runtime::Rect &rect, const image::ImageView &pixels, const Place *place)> tile;
    std::optional<runtime::Rect> region; ///< of the output; none: all of it
    double scale = 1;                    ///< by which the image is reduced first
    std::int64_t frame = 0;              ///< number within a sequence
    /// Of the run that was told, which never goes back, also where a run is done again. By who reports.
    mutable double furthest = 0;

    /// Whether it names the port: gives that input, or asks for that output.
    [[nodiscard]] bool gives(const std::string &port) const {
        return images.contains(port) || values.contains(port) || tensors.contains(port) ||
               wanted.contains(port) || sources.contains(port) || sinks.contains(port);
    }
};

struct RunResult {
    std::map<std::string, Value> values;
    std::map<std::string, HostTensor> tensors;
    std::string device, precision_reason;
    runtime::Precision precision = runtime::Precision::fp32;
    double seconds = 0;
    std::uint64_t tile_count = 0, peak_bytes = 0, base_bytes = 0;
    std::uint64_t multiply_accumulates = 0; ///< of the networks, in all tiles
};

class RunPass;

/// What a session is: strings live as long as it does.
struct SessionInfo {
    const SessionOptions &options; ///< `bundle_path` is that of the bundle that it has
    const std::string &bundle_name, &bundle_sha256, &device, &precision_reason;
    runtime::Precision precision;
};

/// The parameters of a session, with what its bundle says of them.
struct SessionParams {
    TaskInfo known;
    std::map<std::string, Value> values, initial; ///< now, and at first
};

/// A task with its bundle on a device, with its parameters set.
class Session {
  public:
    /// @throws Error not_found (task, bundle, device) | device | mismatch (bundle and task) | plugin | budget
    static std::shared_ptr<Session> create(const std::shared_ptr<Engine> &engine,
                                           const SessionOptions &options);
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;
    virtual ~Session();

    /// All: @throws Error busy while another call is under way.
    void set(const std::string &parameter, const Value &value);
    void set_text(const std::string &parameter, const std::string &text);
    /// The value that it had at first; null: of all of them.
    void reset(const std::string *parameter);
    /// All members of a JSON object, or none.
    void set_json(std::string_view text);
    [[nodiscard]] std::string get_json();
    /// The same options, values and compiled networks.
    std::shared_ptr<Session> clone();
    /// By one who holds the session. The reference lives until the parameter is set again.
    [[nodiscard]] const Value &get(const std::string &parameter) const;
    /// The parameters of the task with what the session's bundle says of them.
    [[nodiscard]] const std::vector<mirra_param_info> &params() const;
    [[nodiscard]] virtual SessionInfo info() const = 0;
    [[nodiscard]] virtual const TaskInfo &task() const = 0;
    Plan plan(std::int32_t width, std::int32_t height);
    /// Of the input image, what a region of the output depends on. @throws Error invalid_argument
    runtime::Rect required(std::int32_t width, std::int32_t height, const runtime::Rect &region);
    std::shared_ptr<const RunResult> run(RunRequest request);

    /// Lists a run among the engine's, which can stop it from then on, until the pass is gone.
    /// @throws Error cancelled
    [[nodiscard]] std::unique_ptr<RunPass> enter(RunRequest &request) const;
    /// Marks the session as busy. @throws Error busy
    void acquire();
    /// The same for a run, beside which there may be others where the session takes several.
    void acquire_run();
    void release() noexcept;
    /// run() by one who holds the session through acquire_run().
    std::shared_ptr<const RunResult> run_acquired(const RunRequest &request);
    /// Whether the calling thread may wait for that run's end: not one that the run itself waits for, in a
    /// function of its caller's.
    [[nodiscard]] bool may_wait_for(const RunRequest &run) const noexcept;

  protected:
    explicit Session(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  private:
    [[nodiscard]] virtual SessionParams &parameters() const noexcept = 0;
    /// What stands for the plugin's table in this process; null: it is in another one.
    [[nodiscard]] virtual const void *plugin_table() const noexcept = 0;
    /// Whether several runs may be under way.
    [[nodiscard]] virtual bool shares_runs() const noexcept { return false; }
    /// Of a request that may have images on a GPU: sees to it that they lie where the session can reach them,
    /// and notes what their streams have. @throws Error mismatch | invalid_argument | unsupported | device
    virtual void find_places(RunRequest &request) const = 0;
    /// By one who holds the session:
    [[nodiscard]] virtual std::shared_ptr<Session> make_clone() = 0;
    virtual Plan make_plan(std::int32_t width, std::int32_t height) = 0;
    virtual runtime::Rect make_required(std::int32_t width, std::int32_t height,
                                        const runtime::Rect &region) = 0;
    virtual std::shared_ptr<const RunResult> make_result(const RunRequest &request) = 0;

    [[noreturn]] void refuse_busy() const;

    static constexpr std::int32_t kAlone = -1;
    std::shared_ptr<Engine> engine_;
    std::atomic<std::int32_t> holders_{0}; ///< runs that share it, or kAlone
};

/// Holds a session for the time of a call.
class Hold {
  public:
    /// @throws Error busy
    explicit Hold(Session &session) : session_(session) { session_.acquire(); }
    /// For a run. @throws Error busy
    struct ForRun {};
    Hold(Session &session, ForRun) : session_(session) { session_.acquire_run(); }
    Hold(const Hold &) = delete;
    Hold &operator=(const Hold &) = delete;
    ~Hold() { session_.release(); }

  private:
    Session &session_;
};

struct JobStatus {
    enum class State : std::int32_t { running = 1, done = 2, failed = 3, cancelled = 4 };
    State state = State::running;
    Progress progress;
};

class QuietThread;

/// A run on a thread of its own. Destroying it cancels it and waits for its end.
class Job {
  public:
    /// @throws Error busy
    Job(std::shared_ptr<Session> session, RunRequest request);
    Job(const Job &) = delete;
    Job &operator=(const Job &) = delete;
    ~Job();
    [[nodiscard]] JobStatus status() const;
    /// @param seconds  negative: for ever
    /// @throws Error timeout | busy (called in the job's own callback) | invalid_argument (NaN), or what
    /// the run threw
    [[nodiscard]] std::shared_ptr<const RunResult> wait(double seconds);
    void cancel() noexcept;

  private:
    struct Shared;
    [[nodiscard]] bool may_wait() const noexcept;

    std::shared_ptr<Shared> shared_;
    std::unique_ptr<QuietThread> thread_;
};

struct GraphRunOptions {
    std::string device = "cpu";
    runtime::Precision precision = runtime::Precision::automatic;
    std::uint64_t memory_limit = 0;
    std::int32_t threads = 0;
    std::shared_ptr<const CancelToken> cancel; ///< beside the engine's; null: none
};

/// Runs a graph of a bundle once, untiled. The inputs do not count against the memory limit, the outputs do.
/// @throws Error not_found | mismatch | budget | device
TensorSet run_graph(const std::shared_ptr<Engine> &engine,
                    const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                    const TensorSet &inputs, const GraphRunOptions &options);
/// Multiply-accumulate operations a second that a device reaches; see mirra_engine_measure_peak.
/// @param options  device, precision and threads
/// @throws Error not_found | device | unsupported | cancelled
double measured_peak(const std::shared_ptr<Engine> &engine, const GraphRunOptions &options);
/// Multiply-accumulate operations of such a run. @throws Error not_found | mismatch
std::uint64_t graph_work(const bundle::Bundle &bundle, const std::string &graph, const TensorSet &inputs);

[[nodiscard]] std::string_view precision_name(runtime::Precision precision) noexcept;

} // namespace mirra::host
