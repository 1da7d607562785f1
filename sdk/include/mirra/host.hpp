// The host room: engines that load plugins, sessions that run their tasks tile by tile, jobs. What mirra.h
// says of an object (lifetime, thread-safety, units) holds for its class here; errors are mirra::Error.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/image.hpp"
#include "mirra/runtime.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mirra::host {

/// Values are those of MIRRA_TYPE_*.
enum class Type : std::int32_t {
    boolean = 1,
    integer = 2,
    real = 3,
    string = 4,
    choice = 5,
    image = 6,
    tensor = 7
};
using Value = std::variant<bool, std::int64_t, double, std::string>;
using Tensor = bundle::WeightTensor;
using TensorSet = std::map<std::string, std::shared_ptr<const Tensor>>; ///< by name

struct Port {
    std::string name, label, doc, unit;
    Type type = Type::image;
    bool output = false;
    bool optional = false;
    bool as_is = false;   ///< image: handed over with its own colour channels, not as RGB
    bool colored = false; ///< image output: a drawing in colours, which gray would lose
};

struct Parameter {
    Type type = Type::real;
    std::uint32_t flags = 0; ///< MIRRA_PARAM_*
    std::uint32_t since = 1;
    std::string name, label, doc, group, unit;
    double minimum = 0, maximum = 0, soft_minimum = 0, soft_maximum = 0, step = 0;
    Value fallback; ///< default
    std::vector<std::string> choices, choice_labels;
};

struct Task {
    std::string name, label, doc, default_bundle, plugin_id, plugin_version;
    bool global_statistics = false;
    std::vector<Port> ports;
    std::vector<Parameter> parameters;
};

struct PluginRecord {
    std::string path, id, version, reason;
    bool loaded = false;
    std::uint32_t abi = 0;
    std::uint32_t task_count = 0;
    std::vector<std::string> taken_tasks; ///< that another plugin had brought before
};

/// level: MIRRA_LOG_*
using Log = std::function<void(std::int32_t level, const std::string &message)>;

struct EngineOptions {
    std::string plugin_path, runtime_module, bundle_path, libtorch_path; ///< as in mirra_engine_options
    bool plugin_path_only = false;
    Log log;
    std::function<void(const std::string &path)> loading; ///< told of each file before anything of it runs
};

/// What came of loading the runtime module.
struct RuntimeStatus {
    bool usable = false;
    std::string path, version, reason;
    std::string libtorch, libtorch_origin; ///< its file, and who named it; empty for a module without one
    std::uint64_t base_bytes = 0;
};

class Engine {
  public:
    static std::shared_ptr<Engine> create(EngineOptions options);
    virtual ~Engine() = default;

    [[nodiscard]] virtual const std::vector<Task> &tasks() const = 0;
    /// @throws Error not_found, the hint lists the tasks
    [[nodiscard]] virtual const Task &task(std::string_view name) const = 0;
    [[nodiscard]] virtual const std::vector<PluginRecord> &plugins() const = 0;
    [[nodiscard]] virtual const std::string &schema_json() const = 0;
    /// Looks at the first call; see mirra_engine_device_count.
    virtual const std::vector<runtime::DeviceInfo> &devices() = 0;
    /// Loads the runtime module at the first call.
    virtual const RuntimeStatus &runtime_status() = 0;
    /// @throws Error not_found | device
    virtual std::string find_bundle(const std::string &name) const = 0;
};

struct SessionOptions {
    std::string task;
    std::shared_ptr<const bundle::Bundle> bundle; ///< null: the task's default
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
};

struct Progress {
    const char *stage = "";
    double fraction = 0;
    std::uint64_t tile = 0, tile_count = 0, bytes_now = 0, bytes_peak = 0;
    std::uint64_t previews = 0; ///< unfinished results put into the output image so far
};

/// Sticky stop sign. Thread-safe.
class CancelToken {
  public:
    void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }

  private:
    std::atomic<bool> requested_{false};
};

/// What a run works on: port name -> value. Views must stay valid until the run ends.
struct RunRequest {
    std::map<std::string, image::ImageView> images; ///< inputs (only read) and outputs
    std::map<std::string, Value> values;
    std::map<std::string, Tensor> tensors;
    std::set<std::string> wanted;                            ///< outputs that are no images and are asked for
    std::function<bool(const Progress &)> progress;          ///< returns whether to go on
    std::vector<std::shared_ptr<const CancelToken>> cancels; ///< any of them stops the run

    /// Whether it names the port: gives that input, or asks for that output.
    [[nodiscard]] bool gives(const std::string &port) const {
        return images.contains(port) || values.contains(port) || tensors.contains(port) ||
               wanted.contains(port);
    }
};

struct RunResult {
    std::map<std::string, Value> values;
    std::map<std::string, Tensor> tensors;
    std::string device, precision_reason;
    runtime::Precision precision = runtime::Precision::fp32;
    double seconds = 0;
    std::uint64_t tile_count = 0, peak_bytes = 0, base_bytes = 0;
};

class Session {
  public:
    /// @throws Error not_found (task, bundle, device) | device | mismatch (bundle and task) | plugin | budget
    static std::shared_ptr<Session> create(const std::shared_ptr<Engine> &engine,
                                           const SessionOptions &options);
    virtual ~Session() = default;

    /// All: @throws Error busy while another call is under way.
    virtual void set(const std::string &parameter, const Value &value) = 0;
    virtual void set_text(const std::string &parameter, const std::string &text) = 0;
    /// By one who holds the session. The reference lives until the parameter is set again.
    virtual const Value &get(const std::string &parameter) const = 0;
    virtual const Parameter &parameter(const std::string &name) const = 0;
    virtual const Task &task() const = 0;
    /// Those of every plan; as long as the session.
    virtual const std::string &device() const = 0;
    virtual const std::string &precision_reason() const = 0;
    virtual Plan plan(std::int32_t width, std::int32_t height) = 0;
    virtual std::shared_ptr<const RunResult> run(const RunRequest &request) = 0;

    /// Marks the session as busy. @throws Error busy
    virtual void acquire() = 0;
    virtual void release() noexcept = 0;
    /// run() by one who holds the session through acquire().
    virtual std::shared_ptr<const RunResult> run_acquired(const RunRequest &request) = 0;
    /// Whether the calling thread may wait for that run's end: not one that the run itself waits for, in a
    /// function of its caller's.
    virtual bool may_wait_for(const RunRequest &run) const noexcept = 0;
};

/// Holds a session for the time of a call.
class Hold {
  public:
    /// @throws Error busy
    explicit Hold(Session &session) : session_(session) { session_.acquire(); }
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

/// A run on a thread of its own. Destroying it cancels it and waits for its end.
class Job {
  public:
    /// @throws Error busy
    static std::unique_ptr<Job> submit(std::shared_ptr<Session> session, RunRequest request);
    virtual ~Job() = default;
    virtual JobStatus status() = 0;
    /// @param seconds  negative: for ever
    /// @throws Error busy (timed out, or called in the job's own callback) | invalid_argument (NaN), or what
    /// the run threw
    virtual std::shared_ptr<const RunResult> wait(double seconds) = 0;
    virtual void cancel() noexcept = 0;
};

struct GraphRunOptions {
    std::string device = "cpu";
    runtime::Precision precision = runtime::Precision::automatic;
    std::uint64_t memory_limit = 0;
    std::int32_t threads = 0;
};

/// Runs a graph of a bundle once, untiled. The inputs do not count against the memory limit, the outputs do.
/// @throws Error not_found | mismatch | budget | device
TensorSet run_graph(const std::shared_ptr<Engine> &engine,
                    const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                    const TensorSet &inputs, const GraphRunOptions &options);

[[nodiscard]] std::string_view precision_name(runtime::Precision precision) noexcept;

} // namespace mirra::host
