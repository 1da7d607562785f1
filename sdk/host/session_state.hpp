// What a session holds, and what a plugin sees of it through a mirra_context.
#pragma once

#include "compiled_graphs.hpp"
#include "devices.hpp"
#include "local_engine.hpp"
#include "mirra/geometry.hpp"
#include "pixels.hpp"
#include "plugin.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <set>

/// What a plugin's handle to a tensor stands for; plugins hold no pointer to it (plugin_handles.hpp).
struct mirra_tensor {
    mirra::runtime::TensorPtr tensor;
};

namespace mirra::host {

struct Configured;
class DeviceImages;
struct RunPlan;
struct RunState;
struct SessionState;

/// Hands an instance back to its plugin; what that throws against the rules goes no further.
struct DestroyInstance {
    void (*destroy)(void *instance) = nullptr;
    void operator()(void *instance) const noexcept;
};

/// An instance of a plugin's task, destroyed by the plugin.
using TaskInstance = std::unique_ptr<void, DestroyInstance>;

/// A graph's name, and whether it is compiled for gradients.
using GraphKey = std::pair<std::string, bool>;

/// The memory of a session's runs, from one to the next. A session that runs again at once, as on the frames
/// of a video, keeps it until it is closed; others give it back after each run, as do those with a memory
/// limit: what is held between runs is in no plan. All sessions of an engine together keep 1 GiB at most.
class KeptArena {
  public:
    /// For a run that begins: that of the last one where it had the same limits, or a new one.
    std::shared_ptr<runtime::Arena> take(const SessionState &session, std::uint64_t limit,
                                         std::uint64_t planned);
    /// What the last run left of pixels on their way, likewise.
    std::vector<float> take_pixels() { return std::exchange(pixels_, {}); }
    /// After it.
    void give(const LocalEngine &engine, std::shared_ptr<runtime::Arena> arena, std::vector<float> pixels);

  private:
    using Clock = std::chrono::steady_clock;

    std::shared_ptr<runtime::Arena> arena_;
    std::vector<float> pixels_;
    std::shared_ptr<void> claim_;           ///< to the bytes of both
    std::uint64_t limit_ = 0, planned_ = 0; ///< of the last run
    bool at_once_ = false;                  ///< whether it followed the one before at once
    std::optional<Clock::time_point> ended_;
};

struct SessionState : SessionParams {
    std::shared_ptr<LocalEngine> engine;
    RegisteredTask entry;
    SessionOptions options;
    std::shared_ptr<const bundle::Bundle> bundle; ///< null for a task without one
    std::string bundle_name, bundle_sha256, device;
    PrecisionChoice precision;
    /// What the plugin says of parameters while the session is made; null afterwards.
    std::map<std::string, mirra_param_info> *describing = nullptr;
    std::map<std::string, std::shared_ptr<CheckedExecutable>> executables;
    std::map<std::string, std::shared_ptr<CheckedDifferentiable>> differentiables;
    std::map<GraphKey, std::uint64_t> weights;       ///< bytes of each of these
    std::map<std::string, graph::PictureGrid> grids; ///< of graphs by name, as plugins ask for them
    std::shared_ptr<const Configured> configured;    ///< what the plugin's instance was last told
    std::shared_ptr<const RunPlan> last_plan;        ///< pictures of one size are planned once
    TaskInstance instance;
    KeptArena kept;             ///< of the last run
    bool told_of_tiles = false; ///< that they are small

    /// Compiles at first use.
    /// @param run  null: outside of a run, where the caller has looked at the memory limit
    /// @throws Error not_found | device | budget | cancelled | …
    const std::shared_ptr<CheckedExecutable> &executable(const std::string &graph, RunState *run);
    /// The same for gradients.
    const std::shared_ptr<CheckedDifferentiable> &differentiable(const std::string &graph, RunState *run);
    /// Gives all of them back.
    void forget_compiled();
    [[nodiscard]] std::uint64_t weight_bytes() const;
    [[nodiscard]] const TaskInfo &task() const { return entry.task->info; }
    /// Whether tensors lie in the processor's memory.
    [[nodiscard]] bool on_processor() const { return device == runtime::cpu_device().id; }
    /// Whether the task runs networks: else neither the runtime module nor LibTorch is loaded for it.
    [[nodiscard]] bool has_network() const { return (task().info.flags & MIRRA_TASK_NO_NETWORK) == 0; }
    /// The runtime of its tensors. @throws Error as LocalEngine::module()
    [[nodiscard]] runtime::Module &module() const;
    /// For its tensors, where they lie.
    [[nodiscard]] std::shared_ptr<runtime::Arena> make_arena(std::uint64_t limit, std::uint64_t keep) const;
    /// For messages: "the task 'denoise'"
    [[nodiscard]] std::string task_text() const { return "the task '" + task().name() + "'"; }

  private:
    /// Before a graph is compiled: weights beyond the run's plan are taken from its memory, or replace those
    /// of graphs that it has not used. What the graph's own take.
    std::uint64_t admit(const GraphKey &key, RunState *run);
    void forget_unused(const RunState &run);
};

[[nodiscard]] bool is_cancelled(const RunRequest &request);
/// @throws Error cancelled
void check_cancelled(const RunRequest &request);

/// What a run adds to it.
struct RunState {
    const RunRequest &request;
    const std::map<std::string, float> &least_alpha; ///< of each image input
    const DeviceImages &on_gpu;
    SeenImage input;
    RunResult &result;
    std::int64_t padded_width, padded_height; ///< of the input on the grid of the tiles
    std::int64_t output_width, output_height;
    std::shared_ptr<runtime::Arena> arena = {};   ///< of the run's tensors, whatever thread makes them
    std::map<std::string, SeenImage> others = {}; ///< further image inputs, looked at when first read
    std::uint64_t reserved_bytes = 0;             ///< of the arena, for weights beyond the plan
    std::set<GraphKey> used = {};
    std::atomic<std::uint64_t> multiply_accumulates = 0; ///< of its networks; a plugin's threads add to it

    [[nodiscard]] bool stopped() const { return is_cancelled(request); }
    /// @throws Error cancelled
    void look() const { check_cancelled(request); }
};

/// What a plugin may want to know about a run, or one of its ports, before it begins.
struct PortQuestion {
    /// image: all of mirra_run_info that the request says of a port's image; scale: of the run
    enum class Kind : std::uint8_t { given, tensor_shape, image_size, image, scale };
    Kind kind = Kind::given;
    std::string port; ///< empty for `scale`
    std::vector<std::int64_t> answer;
};
/// The image of a port, or that of its source; null where there is none.
const image::ImageView *image_of(const RunRequest &request, const std::string &port);
/// given: {0} or {1}; image, scale: numbers that are others where what they stand for is; the others:
/// extents, none where no such thing was given.
/// @param request  null: nothing is given
std::vector<std::int64_t> answer_of(PortQuestion::Kind kind, const std::string &port,
                                    const RunRequest *request);

/// How many values a tensor of this shape has.
std::uint64_t elements(const graph::Shape &shape);

/// Calls a plugin's function and throws what it reports, or what crosses as an exception against the rules.
/// @param what  for messages: "the task 'denoise': process"
void call_plugin(const std::string &what, const std::function<mirra_status(mirra_error **)> &function);
/// The same for a function that gets a context. @throws std::bad_alloc also where the context is out of
/// memory
void call_plugin(const mirra_context &context, const std::string &what,
                 const std::function<mirra_status(mirra_error **)> &function);

} // namespace mirra::host

namespace mirra::host {

/// A mutex that contexts of one run share.
class RunMutex {
  public:
    void lock() { mutex_->lock(); }
    void unlock() { mutex_->unlock(); }

  private:
    std::shared_ptr<std::mutex> mutex_ = std::make_shared<std::mutex>();
};

/// What a plugin may do for the tile at hand. Empty where there is none in `process`.
struct TileAtHand {
    std::function<void(double fraction)> step;            ///< reports how far it is
    std::function<void(const mirra_tensor &output)> show; ///< shows its unfinished output
    std::function<void(const std::string &port, const mirra_tensor &output)> give; ///< of a further output
};

} // namespace mirra::host

/// What the host holds for the time of one call to a plugin. Several threads of a plugin's may use it.
struct mirra_context {
    mirra::host::SessionState *session = nullptr;
    mirra_context *handle = nullptr;                  ///< what the plugin holds
    const mirra::host::RunRequest *request = nullptr; ///< null where there is none: a session made, a plan
    mirra::host::RunState *run = nullptr;             ///< null in `configure`
    std::vector<mirra::host::PortQuestion> *questions =
        nullptr;                        ///< asked so far; null outside of `configure`
    std::int32_t width = 0, height = 0; ///< in `configure`: of the image
    std::deque<std::string> texts;      ///< handed out, alive as long as the context
    mirra::host::TileAtHand tile;
    /// For a graph that is run: called before each of its steps. Empty outside of a run.
    std::function<mirra::runtime::StepFunction(const mirra::graph::Graph &graph)> steps;
    mirra::host::RunMutex mutex; ///< held by who changes the above, what the session compiled, or the run
    /// A function that gives no status had no memory, and told the plugin of nothing where there is
    /// something.
    std::atomic<bool> out_of_memory{false};
};
