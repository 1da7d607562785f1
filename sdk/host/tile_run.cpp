// One run of a session: tile by tile through the plugin.
#include "tile_run.hpp"

#include "mirra/error.hpp"
#include "plugin_handles.hpp"
#include "ports.hpp"
#include "run_plan.hpp"

#include <algorithm>
#include <chrono>

namespace mirra::host {
namespace {

using Clock = std::chrono::steady_clock;

mirra_tile to_c(const runtime::Tile &tile, std::size_t index, std::size_t count, std::uint32_t pass = 0) {
    mirra_tile out{};
    out.struct_size = sizeof(mirra_tile);
    out.pass = pass;
    out.index = index;
    out.count = count;
    out.core_x = tile.core.x;
    out.core_y = tile.core.y;
    out.core_width = tile.core.width;
    out.core_height = tile.core.height;
    out.input_x = tile.input.x;
    out.input_y = tile.input.y;
    out.input_width = tile.input.width;
    out.input_height = tile.input.height;
    return out;
}

runtime::Rect moved(runtime::Rect rect, std::int64_t by) {
    rect.x += by;
    rect.y += by;
    return rect;
}

/// What of it lies in an image; may be empty.
runtime::Rect within(const runtime::Rect &rect, std::int64_t width, std::int64_t height) {
    const std::int64_t left = std::max<std::int64_t>(rect.x, 0), top = std::max<std::int64_t>(rect.y, 0);
    return {left, top, std::min(rect.x + rect.width, width) - left,
            std::min(rect.y + rect.height, height) - top};
}

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

class TileRun {
  public:
    TileRun(SessionState &session, const RunRequest &request, const CheckedRequest &images, RunResult &result,
            const RunPlan &plan)
        : session_(session)
        , functions_(session.entry.task->functions)
        , images_(images)
        , plan_(plan.tiles)
        , passes_(functions_.measure == nullptr ? 0 : plan.key.setup.measure_passes)
        , margin_(plan.key.setup.margin)
        , arena_bytes_(plan.arena_bytes)
        , tensor_bytes_(plan.tensor_bytes)
        , one_thread_(plan.one_thread)
        , run_{request,
               images.least_alpha,
               see(images.input, images.least_alpha.at(main_input(session.task()).name)),
               result,
               plan.tiles.padded_width,
               plan.tiles.padded_height,
               {},
               {}}
        , channels_(images.as_is ? images.input.color_channels() : 3)
        , task_(session.task_text()) {
        context_.session = &session;
        context_.request = &request;
        context_.run = &run_;
    }

    void run();

  private:
    void prepare();
    void call_all();
    void call(const char *function, const std::function<mirra_status(mirra_error **)> &body);
    void measure_tile(std::uint32_t pass, std::size_t index);
    void process_tile(std::size_t index);
    void store(const mirra_tensor &output, const runtime::Tile &tile);
    runtime::TensorPtr upload(const runtime::Tile &tile);
    /// @param within  how far the tile at hand is, 0 ... 1
    void report(const char *stage, std::size_t tile, std::size_t count, double within = 0);
    void allow_steps(std::size_t index);
    void forbid_steps();

    SessionState &session_;
    const mirra_task &functions_;
    const CheckedRequest &images_;
    const runtime::TilePlan &plan_;
    const std::uint32_t passes_; ///< of `measure`
    const std::int64_t margin_;  ///< by which tiles lie further right and down than in the image
    std::uint64_t arena_bytes_, tensor_bytes_;
    const bool one_thread_;
    RunState run_;
    int channels_;
    mirra_context context_;
    std::shared_ptr<runtime::Arena> arena_;
    std::string task_; ///< for messages: "the task 'denoise'"
    mirra_context *handle_ = nullptr;
    std::vector<float> buffer_;
    std::size_t steps_done_ = 0, steps_ = 1;
    std::uint64_t previews_ = 0;
};

void TileRun::call(const char *function, const std::function<mirra_status(mirra_error **)> &body) {
    call_plugin(context_, task_ + ": " + function, body);
}

void TileRun::report(const char *stage, std::size_t tile, std::size_t count, double within) {
    run_.look();
    if (!run_.request.progress) return;
    const std::uint64_t buffers = buffer_.size() * sizeof(float);
    Progress progress;
    progress.stage = stage;
    progress.fraction = (static_cast<double>(steps_done_) + within) / static_cast<double>(steps_);
    progress.tile = tile;
    progress.tile_count = count;
    progress.bytes_now = arena_->current_bytes() + buffers;
    progress.bytes_peak = arena_->peak_bytes() + buffers;
    progress.previews = previews_;
    const Inside inside(Inside::Kind::run, &run_.request); // a thread of the plugin's may report, too
    const bool goes_on = run_.request.progress(progress);
    check_not_forked();
    if (!goes_on) throw Error(ErrorCode::cancelled, "the progress callback stopped the run");
}

runtime::TensorPtr TileRun::upload(const runtime::Tile &tile) {
    const auto gather = [&](std::span<float> values) {
        margin_ == 0 ? load_tile(run_.input, tile.input, channels_, values)
                     : load_mirrored(run_.input, moved(tile.input, -margin_), channels_, values);
    };
    return session_.engine->module().upload(gather, {1, channels_, tile.input.height, tile.input.width},
                                            runtime::Layout::nhwc, session_.device);
}

void TileRun::store(const mirra_tensor &output, const runtime::Tile &tile) {
    if (output.tensor->shape() != graph::Shape{1, channels_, tile.input.height, tile.input.width}) {
        throw Error(ErrorCode::plugin, task_ + " gave a tile whose shape is not that of its input");
    }
    runtime::Tile kept = tile;
    kept.input = moved(tile.input, -margin_);
    kept.core = within(moved(tile.core, -margin_), images_.input.width, images_.input.height);
    if (kept.core.width < 1 || kept.core.height < 1) return; // all of it margin
    const auto count = static_cast<std::size_t>(tile.input.width * tile.input.height * channels_);
    const std::span<float> values(buffer_.data(), count);
    session_.engine->module().download(*output.tensor, values, runtime::Layout::nhwc);
    store_tile(values, kept, channels_, run_.input, *images_.output);
}

void TileRun::allow_steps(std::size_t index) {
    const std::lock_guard lock(context_.mutex);
    run_.step = [this, index, furthest = 0.0](double fraction) mutable {
        furthest = std::clamp(fraction, furthest, 1.0);
        report("process", index, plan_.tiles.size(), furthest);
    };
    run_.show = [this, index](const mirra_tensor &output) {
        if (!images_.output || !run_.request.progress) return;
        store(output, plan_.tiles[index]);
        ++previews_;
    };
}

void TileRun::forbid_steps() {
    const std::lock_guard lock(context_.mutex);
    run_.step = nullptr;
    run_.show = nullptr;
}

void TileRun::measure_tile(std::uint32_t pass, std::size_t index) {
    const std::size_t count = plan_.tiles.size();
    report("measure", pass * count + index, passes_ * count);
    const mirra_tile description = to_c(plan_.tiles[index], index, count, pass);
    const LentTensor input(upload(plan_.tiles[index]));
    call("measure", [&](mirra_error **error) {
        return functions_.measure(session_.instance.get(), handle_, &description, input.handle(), error);
    });
    input.check_kept(task_);
}

void TileRun::process_tile(std::size_t index) {
    const runtime::Tile &tile = plan_.tiles[index];
    const mirra_tile description = to_c(tile, index, plan_.tiles.size());
    const LentTensor input(upload(tile));
    GivenTile output(input.handle());
    allow_steps(index);
    call("process", [&](mirra_error **error) {
        return functions_.process(session_.instance.get(), handle_, &description, input.handle(),
                                  output.out(), error);
    });
    forbid_steps();
    input.check_kept(task_);
    runtime::TensorPtr tensor;
    try {
        tensor = output.take();
    } catch (const Error &error) {
        throw Error(error.code(), task_ + " " + error.what(), {}, error.hint());
    }
    if (!images_.output) return;
    if (tensor == nullptr) throw Error(ErrorCode::plugin, task_ + " gave no tile");
    store(mirra_tensor{tensor}, tile);
}

void TileRun::prepare() {
    runtime::Module &module = session_.engine->module();
    module.set_threads(session_.options.threads == 0 && one_thread_ ? 1 : session_.options.threads);
    arena_ = module.make_arena(arena_bytes_, tensor_bytes_);
    run_.arena = arena_;
    buffer_.resize(static_cast<std::size_t>(plan_.input_width * plan_.input_height * channels_));
    steps_ = plan_.tiles.size() * (std::size_t{passes_} + 1);
    if (images_.output) image::copy_alpha(images_.input, *images_.output);
}

void TileRun::call_all() {
    const auto scope = session_.engine->module().enter(arena_);
    const ContextHandle context(context_);
    handle_ = context.handle();
    void *instance = session_.instance.get();
    const std::size_t count = plan_.tiles.size();
    report("prepare", 0, 0);
    if (functions_.begin != nullptr) {
        call("begin", [&](mirra_error **error) { return functions_.begin(instance, handle_, error); });
    }
    for (std::uint32_t pass = 0; pass < passes_; ++pass)
        for (std::size_t i = 0; i < count; ++i, ++steps_done_) measure_tile(pass, i);
    for (std::size_t i = 0; i < count; ++i, ++steps_done_) {
        report("process", i, count);
        process_tile(i);
    }
    report("finish", count, count);
    if (functions_.finish != nullptr) {
        call("finish", [&](mirra_error **error) { return functions_.finish(instance, handle_, error); });
    }
}

void TileRun::run() {
    prepare();
    call_all();
    check_given(session_.task(), run_.request, run_.result);
    run_.result.tile_count = plan_.tiles.size();
    run_.result.peak_bytes = arena_->peak_bytes() + buffer_.size() * sizeof(float);
}

/// What looking past hidden colours takes.
std::uint64_t fill_bytes(const RunRequest &request, const CheckedRequest &images) {
    std::uint64_t bytes = 0;
    for (const auto &[port, alpha] : images.least_alpha) {
        const image::ConstImageView view = request.images.at(port);
        if (hides_colors(view, alpha)) bytes += HiddenFill::bytes(view);
    }
    return bytes;
}

/// What the request's tensors take: the run has copies of them.
std::uint64_t tensor_bytes(const RunRequest &request) {
    std::uint64_t bytes = 0;
    for (const auto &[name, tensor] : request.tensors) bytes += tensor.values.size() * sizeof(float);
    return bytes;
}

} // namespace

std::shared_ptr<const RunResult> run_session(SessionState &session, const RunRequest &request) {
    const auto start = Clock::now();
    CheckedRequest images = check_request(session.task(), request);
    const Setup setup = configure(session, {images.input.width, images.input.height}, &request);
    if (setup.transfer) images.input.transfer = *setup.transfer;
    if (setup.transfer && images.output) images.output->transfer = *setup.transfer;
    // Tiles read beyond their place: pixels that were already written must not be read again.
    const bool copy = images.output && overlap(images.input, *images.output);
    const std::uint64_t copied = copy ? static_cast<std::uint64_t>(images.input.width) *
                                            static_cast<std::uint64_t>(images.input.height) *
                                            static_cast<std::uint64_t>(images.input.channels) *
                                            image::sample_bytes(images.input.sample)
                                      : 0;
    const std::uint64_t beside = copied + fill_bytes(request, images);
    const MemoryShares shares =
        divide_memory(*session.engine, session.bundle.get(), session.options.memory_limit,
                      beside + tensor_bytes(request) + setup.extra_bytes);
    const auto plan = plan_run(session, setup, shares, images.input.width, images.input.height,
                               [&] { check_cancelled(request); });
    // Graphs of other settings; those that are wanted are compiled again.
    if (shares.available != 0 && session.weight_bytes() > plan->weight_bytes) session.forget_compiled();
    image::Image own;
    if (copy) {
        own = copy_of(images.input);
        const image::ConstImageView described = images.input;
        images.input = std::as_const(own).view();
        images.input.alpha = described.alpha;
        images.input.transfer = described.transfer;
    }
    auto result = std::make_shared<RunResult>();
    TileRun(session, request, images, *result, *plan).run();
    result->device = session.device;
    result->precision = session.precision.precision;
    result->precision_reason = session.precision.reason;
    result->base_bytes = shares.base;
    result->peak_bytes += beside;
    result->seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return result;
}

} // namespace mirra::host
