// The tiles of a run, one after the other or several at once, through the plugin.
#include "tile_run.hpp"

#include "host_table.hpp"
#include "mirra/error.hpp"
#include "process_life.hpp"
#include "run_reports.hpp"
#include "team.hpp"
#include "tile_pixels.hpp"
#include "tile_places.hpp"

#include <algorithm>
#include <thread>

namespace mirra::host {
namespace {

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

/// A thread's own part of a run: its context and buffer.
struct Lane {
    mirra_context context;
    mirra_context *handle = nullptr;
    PixelsOnTheWay way;
    TileProgress progress;
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
        , places_(work.plan, work.geometry)
        , setup_(work.plan.key.setup)
        , passes_(functions_.measure == nullptr ? 0 : setup_.measure_passes)
        , run_{work.request,
               work.checked.least_alpha,
               work.on_gpu,
               work.input,
               result,
               work.plan.tiles.padded_width,
               work.plan.tiles.padded_height,
               work.geometry.output_width,
               work.geometry.output_height}
        , reports_(run_, work.plan)
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
    void store(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final);
    bool store_there(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final);
    runtime::TensorPtr upload(Lane &lane, std::size_t index);
    void expect(Lane &lane, std::size_t index) const;
    static void finish_stores(Lane &lane);
    void allow_steps(Lane &lane);
    void forbid_steps(Lane &lane);
    [[nodiscard]] runtime::Module &module() const { return session_.module(); }

    SessionState &session_;
    const mirra_task &functions_;
    const Work &work_;
    const TilePlaces places_;
    const Setup &setup_;
    const std::uint32_t passes_; ///< of `measure`
    RunState run_;
    RunReports reports_;
    const OutputImage *main_output_; ///< null: the run gives no image
    TilePixels pixels_;
    std::string task_; ///< for messages: "the task 'denoise'"
    std::shared_ptr<runtime::Arena> arena_;
    Lane main_;
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

/// Null for a task that makes its output from nothing.
runtime::TensorPtr TileRun::upload(Lane &lane, std::size_t index) {
    if (main_input(session_.task()) == nullptr) return nullptr;
    return pixels_.load(places_.read(index), lane.way);
}

/// Has the pixels of the tile that comes next copied beside the work on this one.
void TileRun::expect(Lane &lane, std::size_t index) const {
    if (lane.way.tiles != nullptr && index < places_.count() && main_input(session_.task()) != nullptr)
        lane.way.tiles->expect(places_.read(index));
}

void TileRun::finish_stores(Lane &lane) {
    if (lane.way.tiles != nullptr) lane.way.tiles->finish();
}

void TileRun::store(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final) {
    const std::size_t index = lane.progress.tile;
    const runtime::Rect shown = places_.shown(index), kept = places_.kept(index, output);
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
        if (tells && !output.is_staged())
            then = [this, kept, piece] { reports_.tile(kept, piece, *main_output_); };
        pixels_.store(*tensor.tensor, shown, kept, piece, lane.way, std::move(then));
        if (output.is_staged() || !final)
            finish_stores(lane); // the piece goes with this call, or is looked at
    };
    const auto told = [&](const image::ImageView &piece) { reports_.tile(kept, piece, output); };
    output.write(kept, fill, tells && output.is_staged() ? OutputImage::Fill(told) : OutputImage::Fill());
}

/// Has kernels write an output in the GPU's memory. Returns whether they can.
bool TileRun::store_there(Lane &lane, const OutputImage &output, const mirra_tensor &tensor, bool final) {
    const std::size_t index = lane.progress.tile;
    const runtime::Rect kept = places_.kept(index, output);
    const image::ImageView piece = output.piece(kept);
    std::function<void()> then;
    if (&output == main_output_ && final && run_.request.tile)
        then = [this, kept, piece] { reports_.tile(kept, piece, *main_output_); };
    if (!pixels_.store_there(*tensor.tensor, places_.shown(index), kept, piece, lane.way, std::move(then)))
        return false;
    if (!final) finish_stores(lane); // it is looked at
    return true;
}

void TileRun::allow_steps(Lane &lane) {
    const std::lock_guard lock(lane.context.mutex);
    lane.context.tile.step = [this, &lane](double fraction) { reports_.told(lane.progress, fraction); };
    lane.context.tile.show = [this, &lane](const mirra_tensor &output) {
        if (main_output_ == nullptr || main_output_->is_sink() || !run_.request.progress) return;
        store(lane, *main_output_, output, false);
        reports_.previewed();
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

void TileRun::measure_tile(std::uint32_t pass, std::size_t index) {
    const std::size_t count = places_.count();
    reports_.next("measure", main_.progress, pass * count + index, passes_ * count);
    const mirra_tile description = places_.describe(index, pass);
    const LentTensor input(upload(main_, index));
    expect(main_, (index + 1) % count);
    call(main_, "measure", [&](mirra_error **error) {
        return functions_.measure(session_.instance.get(), main_.handle, &description, input.handle(), error);
    });
    input.check_kept(task_);
}

void TileRun::process_tile(Lane &lane, std::size_t index) {
    reports_.next("process", lane.progress, index, places_.count());
    const mirra_tile description = places_.describe(index, 0);
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
    lane.context.steps = [this, &lane](const graph::Graph &graph) {
        return reports_.steps(lane.progress, graph);
    };
}

void TileRun::prepare() {
    module().set_threads(session_.options.threads == 0 && work_.plan.one_thread ? 1
                                                                                : session_.options.threads);
    arena_ = session_.kept.take(session_, work_.plan.arena_bytes, work_.plan.tensor_bytes);
    run_.arena = arena_;
    // Those that follow gradients run graphs any number of times.
    const bool follow_graphs = std::ranges::none_of(setup_.uses, &Setup::Use::gradient);
    reports_.begin(places_.count() * (std::size_t{passes_} + 1), follow_graphs);
    set_up(main_);
}

void TileRun::work_off(Lane &lane, std::atomic<std::size_t> &next, const std::atomic<bool> &stop) {
    while (!stop) {
        const std::size_t index = next++;
        if (index >= places_.count()) break;
        process_tile(lane, index);
        reports_.tile_done();
    }
    finish_stores(lane);
}

/// Several tiles at once, each on a thread of its own; the kernels have one thread each then.
void TileRun::process_on_lanes() {
    std::atomic<std::size_t> next{0};
    const auto caller = std::this_thread::get_id();
    const auto lane_body = [&](const std::atomic<bool> &stop) {
        module().set_threads(1);
        const StopOthers others(reports_.stopped());
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
    for (std::size_t i = 0; i < places_.count(); ++i) {
        const bool needed =
            main_output_ == nullptr || !is_empty(places_.kept(i, *main_output_)) || is_empty(places_.core(i));
        if (needed) process_tile(main_, i);
        reports_.tile_done();
    }
    finish_stores(main_);
}

void TileRun::measure_and_process() {
    const std::size_t count = places_.count();
    if (functions_.begin != nullptr) {
        call(main_, "begin", [&](mirra_error **error) {
            return functions_.begin(session_.instance.get(), main_.handle, error);
        });
    }
    for (std::uint32_t pass = 0; pass < passes_; ++pass)
        for (std::size_t i = 0; i < count; ++i) {
            measure_tile(pass, i);
            reports_.tile_done();
        }
    process_all();
    reports_.next("finish", main_.progress, count, count);
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
    reports_.next("prepare", main_.progress, 0, 0);
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
    run_.result.tile_count = places_.count();
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
