// The tiles of a run, one after the other or several at once, through the plugin.
#include "tile_run.hpp"

#include "host_table.hpp"
#include "mirra/error.hpp"
#include "process_life.hpp"
#include "team.hpp"
#include "tile_pixels.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace mirra::host {
namespace {

using Clock = std::chrono::steady_clock;

/// Callbacks between the nodes of a network come no more often.
constexpr std::chrono::milliseconds kBetweenReports{20};

/// The handle that a plugin gives, the host's from then on, also where the plugin fails after it.
class GivenTile {
  public:
    explicit GivenTile(const mirra_tensor *input) : input_(input) {}
    GivenTile(const GivenTile &) = delete;
    GivenTile &operator=(const GivenTile &) = delete;
    ~GivenTile() {
        if (handle_ != input_) release_handle(handle_);
    }

    mirra_tensor **out() { return &handle_; }
    /// @throws Error plugin
    runtime::TensorPtr take() { return take_tensor(std::exchange(handle_, nullptr)); }

  private:
    const mirra_tensor *input_;
    mirra_tensor *handle_ = nullptr;
};

/// How much of a tile's work graphs have done.
struct TileProgress {
    double before = 0, current = 0; ///< of graphs that ran, and of the one that does, in multiplications
    bool told = false;              ///< the plugin says by itself how far it is
    double furthest = 0;
    std::uint64_t step = 0, step_count = 0;
};

/// A thread's own part of a run: its context and buffer.
struct Lane {
    mirra_context context;
    mirra_context *handle = nullptr;
    PixelsOnTheWay way;
    TileProgress progress;
    std::size_t tile = 0;
};

/// Tells the others where a lane ends by an exception, of whatever kind.
class StopOthers {
  public:
    explicit StopOthers(std::atomic<bool> &stopped) : stopped_(stopped) {}
    StopOthers(const StopOthers &) = delete;
    StopOthers &operator=(const StopOthers &) = delete;
    ~StopOthers() {
        if (std::uncaught_exceptions() > 0) stopped_ = true;
    }

  private:
    std::atomic<bool> &stopped_;
};

class TileRun {
  public:
    TileRun(SessionState &session, const Work &work, RunResult &result)
        : session_(session)
        , functions_(session.entry.task->functions)
        , work_(work)
        , tiles_(work.plan.tiles)
        , setup_(work.plan.key.setup)
        , passes_(functions_.measure == nullptr ? 0 : setup_.measure_passes)
        , run_{work.request,
               work.checked.least_alpha,
               work.on_gpu,
               work.input,
               result,
               tiles_.padded_width,
               tiles_.padded_height,
               work.geometry.output_width,
               work.geometry.output_height}
        , main_output_(find_main_output())
        , pixels_(session, work, run_.input)
        , task_(session.task_text()) {}

    void run();

  private:
    [[nodiscard]] const OutputImage *find_main_output() const;
    void prepare();
    void set_up(Lane &lane);
    void call_all();
    void measure_and_process();
    void end(mirra_outcome outcome) noexcept;
    void call(Lane &lane, const char *function, const std::function<mirra_status(mirra_error **)> &body);
    void measure_tile(std::uint32_t pass, std::size_t index);
    void process_all();
    void process_on_lanes();
    void work_off(Lane &lane, std::atomic<std::size_t> &next, const std::atomic<bool> &stop);
    void process_tile(Lane &lane, std::size_t index);
    [[nodiscard]] mirra_tile describe(std::size_t index, std::uint32_t pass) const;
    [[nodiscard]] runtime::Rect core_of(const runtime::Tile &tile) const;
    [[nodiscard]] runtime::Rect kept_of(const runtime::Tile &tile, const OutputImage &output) const;
    [[nodiscard]] runtime::Rect shown_of(const runtime::Tile &tile) const;
    void store(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final);
    bool store_there(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final);
    [[nodiscard]] runtime::Rect read_by(const runtime::Tile &tile) const;
    runtime::TensorPtr upload(Lane &lane, std::size_t index);
    void expect(Lane &lane, std::size_t index) const;
    static void finish_stores(Lane &lane);
    void report(const char *stage, std::size_t tile, std::size_t count, const TileProgress &within);
    void allow_steps(Lane &lane);
    void forbid_steps(Lane &lane);
    runtime::StepFunction steps(Lane &lane, const graph::Graph &graph);
    void look() const;
    [[noreturn]] void stop(const char *why);
    void tell_node(Lane &lane, std::size_t done, std::size_t count, double fraction);
    void tell_tile(const runtime::Rect &rect, const image::ImageView &piece);
    [[nodiscard]] runtime::Module &module() const { return session_.module(); }

    SessionState &session_;
    const mirra_task &functions_;
    const Work &work_;
    const runtime::TilePlan &tiles_;
    const Setup &setup_;
    const std::uint32_t passes_; ///< of `measure`
    RunState run_;
    const OutputImage *main_output_; ///< null: the run gives no image
    TilePixels pixels_;
    std::string task_; ///< for messages: "the task 'denoise'"
    std::shared_ptr<runtime::Arena> arena_;
    Lane main_;
    double tile_work_ = 0;             ///< 0: graphs do not say how far a tile is
    std::atomic<bool> stopped_{false}; ///< by a lane that has failed
    std::mutex reports_;               ///< held by who changes what follows
    const char *stage_ = "prepare";
    std::size_t stage_count_ = 0; ///< of tiles
    std::size_t steps_done_ = 0, steps_ = 1;
    std::uint64_t previews_ = 0;
    Clock::time_point last_report_;
};

const OutputImage *TileRun::find_main_output() const {
    const mirra_port_info *port = main_output(session_.task());
    if (port == nullptr) return nullptr;
    const auto found = work_.outputs.find(port->name);
    return found == work_.outputs.end() ? nullptr : &found->second;
}

void TileRun::call(Lane &lane, const char *function,
                   const std::function<mirra_status(mirra_error **)> &body) {
    call_plugin(lane.context, task_ + ": " + function, body);
}

/// By who holds reports_, or before there are several lanes.
void TileRun::report(const char *stage, std::size_t tile, std::size_t count, const TileProgress &within) {
    look();
    stage_ = stage;
    stage_count_ = count;
    last_report_ = Clock::now();
    if (!run_.request.progress) return;
    Progress progress;
    progress.stage = stage;
    const double fraction =
        (static_cast<double>(steps_done_) + within.furthest) / static_cast<double>(steps_);
    progress.fraction = run_.request.furthest = std::clamp(fraction, run_.request.furthest, 1.0);
    progress.tile = tile;
    progress.tile_count = count;
    progress.bytes_now = arena_->current_bytes();
    progress.bytes_peak = arena_->peak_bytes();
    progress.previews = previews_;
    progress.step = within.step;
    progress.step_count = within.step_count;
    const Inside inside(Inside::Kind::run, &run_.request); // a thread of the plugin's may report, too
    const bool goes_on = run_.request.progress(progress);
    check_not_forked();
    if (!goes_on) stop("the progress callback stopped the run");
}

/// Also where another lane has stopped. @throws Error cancelled
void TileRun::look() const {
    run_.look();
    if (stopped_) throw Error(ErrorCode::cancelled, "another tile's work has ended the run");
}

void TileRun::stop(const char *why) {
    stopped_ = true;
    throw Error(ErrorCode::cancelled, why);
}

void TileRun::tell_node(Lane &lane, std::size_t done, std::size_t count, double fraction) {
    look();
    const std::unique_lock lock(reports_, std::try_to_lock);
    if (!lock) return; // somebody else reports
    TileProgress &progress = lane.progress;
    progress.step = done;
    progress.step_count = count;
    constexpr double kMost = 0.99; // what a task does beside its graphs is never over before it is
    if (tile_work_ > 0 && !progress.told)
        progress.furthest = std::clamp((progress.before + fraction * progress.current) / tile_work_,
                                       progress.furthest, kMost);
    if (Clock::now() - last_report_ < kBetweenReports) return;
    report(stage_, lane.tile, stage_count_, progress);
}

runtime::StepFunction TileRun::steps(Lane &lane, const graph::Graph &graph) {
    const std::lock_guard lock(reports_);
    TileProgress &progress = lane.progress;
    progress.before += std::exchange(progress.current, 0);
    const auto found = work_.plan.graph_work.find(graph.name);
    if (found != work_.plan.graph_work.end()) progress.current = found->second;
    return [this, &lane](std::size_t done, std::size_t count, double fraction) {
        tell_node(lane, done, count, fraction);
    };
}

/// Of the image.
runtime::Rect TileRun::read_by(const runtime::Tile &tile) const {
    return moved(tile.input, -std::int64_t{setup_.margin});
}

/// Null for a task that makes its output from nothing.
runtime::TensorPtr TileRun::upload(Lane &lane, std::size_t index) {
    if (main_input(session_.task()) == nullptr) return nullptr;
    return pixels_.load(read_by(tiles_.tiles[index]), lane.way);
}

/// Has the pixels of the tile that comes next copied beside the work on this one.
void TileRun::expect(Lane &lane, std::size_t index) const {
    if (lane.way.tiles != nullptr && index < tiles_.tiles.size() && main_input(session_.task()) != nullptr)
        lane.way.tiles->expect(read_by(tiles_.tiles[index]));
}

void TileRun::finish_stores(Lane &lane) {
    if (lane.way.tiles != nullptr) lane.way.tiles->finish();
}

/// In pixels of the image; empty for a tile that is all margin.
runtime::Rect TileRun::core_of(const runtime::Tile &tile) const {
    return common(moved(tile.core, -std::int64_t{setup_.margin}),
                  {0, 0, work_.geometry.width, work_.geometry.height});
}

/// What of an output image the tile makes.
runtime::Rect TileRun::kept_of(const runtime::Tile &tile, const OutputImage &output) const {
    const runtime::Rect core = core_of(tile);
    return is_empty(core) ? core : common(work_.geometry.output_of(core), output.region());
}

/// What of the output the tile's tensor shows.
runtime::Rect TileRun::shown_of(const runtime::Tile &tile) const {
    return work_.geometry.output_of(moved(tile.input, -std::int64_t{setup_.margin}));
}

void TileRun::tell_tile(const runtime::Rect &rect, const image::ImageView &piece) {
    if (!run_.request.tile) return;
    const std::lock_guard lock(reports_);
    look();
    const Inside inside(Inside::Kind::run, &run_.request);
    const bool goes_on = run_.request.tile(rect, piece, main_output_->place());
    check_not_forked();
    if (!goes_on) stop("the tile callback stopped the run");
}

void TileRun::store(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final) {
    const runtime::Tile tile = tiles_.tiles[lane.tile];
    const runtime::Rect shown = shown_of(tile), kept = kept_of(tile, output);
    const graph::Shape expected{1, work_.checked.channels, shown.height, shown.width};
    if (tensor.tensor->shape() != expected)
        throw Error(ErrorCode::plugin, task_ + " gave a tile of the shape " +
                                           to_text(tensor.tensor->shape()) + " instead of " +
                                           to_text(expected));
    if (is_empty(kept)) return;
    if (output.place() != nullptr && store_there(lane, output, tensor, final)) return;
    const bool tells = &output == main_output_ && final;
    const auto fill = [&](const image::ImageView &piece) {
        std::function<void()> then;
        if (tells && !output.is_staged()) then = [this, kept, piece] { tell_tile(kept, piece); };
        pixels_.store(*tensor.tensor, shown, kept, piece, lane.way, std::move(then));
        if (output.is_staged() || !final)
            finish_stores(lane); // the piece goes with this call, or is looked at
    };
    const auto told = [&](const image::ImageView &piece) { tell_tile(kept, piece); };
    output.write(kept, fill, tells && output.is_staged() ? OutputImage::Fill(told) : OutputImage::Fill());
}

/// Has kernels write an output in the GPU's memory. Returns whether they can.
bool TileRun::store_there(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final) {
    const runtime::Tile tile = tiles_.tiles[lane.tile];
    const runtime::Rect kept = kept_of(tile, output);
    const image::ImageView piece = output.piece(kept);
    std::function<void()> then;
    if (&output == main_output_ && final && run_.request.tile)
        then = [this, kept, piece] { tell_tile(kept, piece); };
    if (!pixels_.store_there(*tensor.tensor, shown_of(tile), kept, piece, lane.way, std::move(then)))
        return false;
    if (!final) finish_stores(lane); // it is looked at
    return true;
}

void TileRun::allow_steps(Lane &lane) {
    const std::lock_guard lock(lane.context.mutex);
    lane.context.tile.step = [this, &lane](double fraction) {
        const std::lock_guard reporting(reports_);
        lane.progress.told = true;
        lane.progress.furthest = std::clamp(fraction, lane.progress.furthest, 1.0);
        report("process", lane.tile, tiles_.tiles.size(), lane.progress);
    };
    lane.context.tile.show = [this, &lane](const mirra_tensor &output) {
        if (main_output_ == nullptr || main_output_->is_sink() || !run_.request.progress) return;
        store(lane, *main_output_, output, false);
        const std::lock_guard reporting(reports_);
        ++previews_;
    };
    lane.context.tile.give = [this, &lane](const std::string &port, const mirra_tensor &output) {
        const auto found = work_.outputs.find(port);
        if (found != work_.outputs.end()) store(lane, found->second, output, true);
    };
}

void TileRun::forbid_steps(Lane &lane) {
    const std::lock_guard lock(lane.context.mutex);
    lane.context.tile = {};
}

mirra_tile TileRun::describe(std::size_t index, std::uint32_t pass) const {
    const runtime::Tile tile = tiles_.tiles[index];
    const runtime::Rect shown = shown_of(tile);
    mirra_tile out{};
    out.struct_size = sizeof(mirra_tile);
    out.pass = pass;
    out.index = index;
    out.count = tiles_.tiles.size();
    out.core_x = tile.core.x;
    out.core_y = tile.core.y;
    out.core_width = tile.core.width;
    out.core_height = tile.core.height;
    out.input_x = tile.input.x;
    out.input_y = tile.input.y;
    out.input_width = tile.input.width;
    out.input_height = tile.input.height;
    out.output_x = shown.x;
    out.output_y = shown.y;
    out.output_width = shown.width;
    out.output_height = shown.height;
    return out;
}

void TileRun::measure_tile(std::uint32_t pass, std::size_t index) {
    const std::size_t count = tiles_.tiles.size();
    main_.tile = pass * count + index;
    main_.progress = {};
    report("measure", main_.tile, passes_ * count, main_.progress);
    const mirra_tile description = describe(index, pass);
    const LentTensor input(upload(main_, index));
    expect(main_, (index + 1) % count);
    call(main_, "measure", [&](mirra_error **error) {
        return functions_.measure(session_.instance.get(), main_.handle, &description, input.handle(), error);
    });
    input.check_kept(task_);
}

void TileRun::process_tile(Lane &lane, std::size_t index) {
    {
        const std::lock_guard lock(reports_);
        lane.tile = index;
        lane.progress = {};
        report("process", index, tiles_.tiles.size(), lane.progress);
    }
    const mirra_tile description = describe(index, 0);
    const runtime::TensorPtr shown = upload(lane, index);
    if (work_.plan.at_once == 1) expect(lane, index + 1);
    std::optional<LentTensor> input;
    if (shown != nullptr) input.emplace(shown);
    const mirra_tensor *handle = input ? input->handle() : nullptr;
    GivenTile output(handle);
    allow_steps(lane);
    call(lane, "process", [&](mirra_error **error) {
        return functions_.process(session_.instance.get(), lane.handle, &description, handle, output.out(),
                                  error);
    });
    forbid_steps(lane);
    if (input) input->check_kept(task_);
    runtime::TensorPtr tensor;
    try {
        tensor = output.take();
    } catch (const Error &error) {
        throw Error(error.code(), task_ + " " + error.what(), {}, error.hint());
    }
    if (main_output_ == nullptr) return;
    if (tensor == nullptr) throw Error(ErrorCode::plugin, task_ + " gave no tile");
    store(lane, *main_output_, mirra_tensor{tensor}, true);
}

void TileRun::set_up(Lane &lane) {
    lane.context.session = &session_;
    lane.context.request = &work_.request;
    lane.context.run = &run_;
    lane.context.mutex = main_.context.mutex;
    lane.context.steps = [this, &lane](const graph::Graph &graph) { return steps(lane, graph); };
}

void TileRun::prepare() {
    module().set_threads(session_.options.threads == 0 && work_.plan.one_thread ? 1
                                                                                : session_.options.threads);
    arena_ = session_.kept.take(session_, work_.plan.arena_bytes, work_.plan.tensor_bytes);
    run_.arena = arena_;
    steps_ = tiles_.tiles.size() * (std::size_t{passes_} + 1);
    set_up(main_);
    // Those that follow gradients run graphs any number of times.
    if (std::ranges::none_of(setup_.uses, &Setup::Use::gradient)) tile_work_ = work_.plan.tile_work;
}

void TileRun::work_off(Lane &lane, std::atomic<std::size_t> &next, const std::atomic<bool> &stop) {
    while (!stop) {
        const std::size_t index = next++;
        if (index >= tiles_.tiles.size()) break;
        process_tile(lane, index);
        const std::lock_guard lock(reports_);
        ++steps_done_;
    }
    finish_stores(lane);
}

/// Several tiles at once, each on a thread of its own; the kernels have one thread each then.
void TileRun::process_on_lanes() {
    std::atomic<std::size_t> next{0};
    const auto caller = std::this_thread::get_id();
    const auto lane_body = [&](const std::atomic<bool> &stop) {
        module().set_threads(1);
        const StopOthers others(stopped_);
        if (std::this_thread::get_id() == caller) return work_off(main_, next, stop);
        const PlainArithmetic arithmetic;
        const Inside inside(Inside::Kind::run, &run_.request);
        const auto scope = module().enter(arena_);
        Lane lane;
        set_up(lane);
        const ContextHandle context(lane.context);
        lane.handle = context.handle();
        lane.way = pixels_.on_the_way({});
        work_off(lane, next, stop);
    };
    run_on_threads(static_cast<std::uint64_t>(work_.plan.at_once), lane_body);
}

void TileRun::process_all() {
    if (work_.plan.at_once > 1) return process_on_lanes();
    for (std::size_t i = 0; i < tiles_.tiles.size(); ++i, ++steps_done_) {
        const bool needed = main_output_ == nullptr || !is_empty(kept_of(tiles_.tiles[i], *main_output_)) ||
                            is_empty(core_of(tiles_.tiles[i]));
        if (needed) process_tile(main_, i);
    }
    finish_stores(main_);
}

void TileRun::measure_and_process() {
    const std::size_t count = tiles_.tiles.size();
    if (functions_.begin != nullptr) {
        call(main_, "begin", [&](mirra_error **error) {
            return functions_.begin(session_.instance.get(), main_.handle, error);
        });
    }
    for (std::uint32_t pass = 0; pass < passes_; ++pass)
        for (std::size_t i = 0; i < count; ++i, ++steps_done_) measure_tile(pass, i);
    process_all();
    main_.tile = count;
    main_.progress = {};
    report("finish", count, count, main_.progress);
    if (functions_.finish != nullptr) {
        call(main_, "finish", [&](mirra_error **error) {
            return functions_.finish(session_.instance.get(), main_.handle, error);
        });
    }
    check_given(session_.task(), run_.request, run_.result);
}

void TileRun::end(mirra_outcome outcome) noexcept {
    if (functions_.end == nullptr) return;
    const PlainArithmetic arithmetic;
    guard(nullptr, [&] { functions_.end(session_.instance.get(), main_.handle, outcome); });
}

void TileRun::call_all() {
    const auto scope = module().enter(arena_);
    main_.way = pixels_.on_the_way(session_.kept.take_pixels());
    const ContextHandle context(main_.context);
    main_.handle = context.handle();
    report("prepare", 0, 0, main_.progress);
    try {
        measure_and_process();
    } catch (const Error &error) {
        forbid_steps(main_);
        end(error.code() == ErrorCode::cancelled ? MIRRA_OUTCOME_CANCELLED : MIRRA_OUTCOME_FAILED);
        throw;
    } catch (...) { // a callback that ends its thread as well
        forbid_steps(main_);
        end(MIRRA_OUTCOME_FAILED);
        throw;
    }
    end(MIRRA_OUTCOME_DONE);
    main_.way.tiles.reset(); // its memory is the arena's
}

void TileRun::run() {
    prepare();
    call_all();
    run_.result.tile_count = tiles_.tiles.size();
    run_.result.peak_bytes = arena_->peak_bytes();
    run_.result.multiply_accumulates = run_.multiply_accumulates;
    run_.arena = nullptr;
    session_.kept.give(*session_.engine, std::move(arena_), std::move(main_.way.values));
}

} // namespace

void run_tiles(SessionState &session, const Work &work, RunResult &result) {
    TileRun(session, work, result).run();
}

} // namespace mirra::host
