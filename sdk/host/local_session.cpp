// A session whose plugin is in this process.
#include "local_session.hpp"

#include "bundle_cache.hpp"
#include "bundle_list.hpp"
#include "c_error.hpp"
#include "mirra/cpu_device.hpp"
#include "names.hpp"
#include "ports.hpp"
#include "run_session.hpp"
#include "session_params.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

std::string made_for(const std::string &task) {
    return task.empty() ? "no task" : "the task '" + task + "'";
}

void check_fits(const LocalEngine &engine, const bundle::Manifest &manifest, const TaskInfo &task) {
    if (is_for(engine.tasks(), manifest.task, task)) return;
    throw Error(ErrorCode::mismatch,
                "the bundle '" + manifest.name + "' is for " + made_for(manifest.task) + ", not '" +
                    task.name() + "'",
                "bundle",
                manifest.task.empty()
                    ? "Name the task in the bundle's manifest (\"task\": \"" + task.name() + "\")."
                    : "Use a bundle of this task, or leave it out for the default one.");
}

std::string find_quality(LocalEngine &engine, const TaskInfo &task, const std::string &quality) {
    const std::string standard = task.info.default_bundle;
    if (standard.empty())
        throw Error(ErrorCode::invalid_argument, "the task '" + task.name() + "' has no bundles to choose of",
                    "quality", "Leave the quality out.");
    const std::string file = quality_file(standard, quality);
    try {
        return engine.find_bundle(file, &task);
    } catch (const Error &error) {
        if (error.code() != ErrorCode::not_found || file == standard) throw;
    }
    const auto &there = engine.qualities(task);
    const std::vector<std::string> names(there.begin(), there.end());
    throw Error(ErrorCode::not_found,
                "the task '" + task.name() + "' has no bundle of the quality '" + quality + "'", "quality",
                (names.empty() ? "There is none but the default one: leave the quality out."
                               : did_you_mean(quality, names) + "There are: " + joined(names) + ".") +
                    " Or put " + file + " into a folder of MIRRA_BUNDLE_PATH.");
}

/// Where no bundle was given, that of the quality or the default one; its path goes along.
void choose_bundle(LocalEngine &engine, const TaskInfo &task, SessionOptions &options) {
    const std::string standard = task.info.default_bundle;
    if (options.bundle != nullptr && standard.empty() && (task.info.flags & MIRRA_TASK_NO_NETWORK) != 0)
        throw Error(ErrorCode::invalid_argument,
                    "the task '" + task.name() + "' runs no network and takes no bundle", "bundle",
                    "Leave the bundle out.");
    if (options.bundle == nullptr) {
        options.bundle_path = !options.quality.empty() ? find_quality(engine, task, options.quality)
                              : standard.empty()       ? std::string()
                                                       : engine.find_bundle(standard, &task);
        if (options.bundle_path.empty()) return;
        options.bundle = engine.bundles().open(options.bundle_path);
    }
    if (!standard.empty()) check_fits(engine, options.bundle->manifest(), task);
}

/// What a task without networks can be asked for. @throws Error unsupported, and as
/// LocalEngine::usable_device()
void check_plain(const SessionState &session) {
    const runtime::Precision precision = session.options.precision;
    if (session.options.device != runtime::cpu_device().id) {
        const std::string device = session.engine->usable_device(session.options.device).id;
        throw Error(ErrorCode::unsupported,
                    session.task_text() + " runs no network, and so not on the device '" + device + "'",
                    "device", "Leave the device out.");
    }
    if (precision != runtime::Precision::automatic && precision != runtime::Precision::fp32)
        throw Error(ErrorCode::unsupported, session.task_text() + " runs no network, and so in fp32 alone",
                    "precision", "Leave the precision at 'auto'.");
}

/// And the precision, and loads what runs there. A task without networks is the processor's.
void choose_device(SessionState &session) {
    if (!session.has_network()) {
        check_plain(session);
        session.device = runtime::cpu_device().id;
        session.precision = {runtime::Precision::fp32, "the task runs no network"};
        return;
    }
    const bundle::Bundle *bundle = session.bundle.get();
    const runtime::DeviceInfo &device = session.engine->usable_device(session.options.device);
    session.device = device.id;
    session.precision = choose_precision(session.options.precision, device,
                                         bundle == nullptr ? nullptr : &bundle->manifest());
    session.engine->module();
}

TaskInstance make_instance(const SessionState &session) {
    const mirra_task &functions = session.entry.task->functions;
    void *instance = nullptr;
    call_plugin(session.task_text() + ": create", [&](mirra_error **error) {
        return functions.create(functions.user, &session.entry.plugin->table(), &instance, error);
    });
    return TaskInstance(instance, {functions.destroy});
}

/// What an image of that size would need, of which there is none yet.
struct Asked {
    Setup setup;
    Geometry geometry;
    MemoryShares shares;
};
/// @throws Error invalid_argument
Asked asked(SessionState &state, std::int32_t width, std::int32_t height) {
    if (width < 1 || height < 1)
        throw Error(ErrorCode::invalid_argument, "width and height must be at least 1", "width");
    const Setup setup = configure(state, {width, height}, nullptr);
    return {setup, Geometry(setup, width, height),
            divide_memory(*state.engine, state.options.memory_limit,
                          {.device = state.device,
                           .bundle = state.bundle.get(),
                           .process = 0,
                           .anywhere = setup.extra_bytes,
                           .network = state.has_network()})};
}

/// Of the image, what tiles of it read. A margin mirrors what lies as far within.
runtime::Rect read_by(const runtime::TileGrid &tiles, std::int64_t margin, const Geometry &geometry) {
    std::int64_t left = geometry.width, top = geometry.height, right = 0, bottom = 0;
    const auto reach = [margin](std::int64_t begin, std::int64_t extent, std::int64_t whole,
                                std::int64_t &first, std::int64_t &last) {
        const std::int64_t from = begin - margin, to = from + extent;
        first = std::min({first, std::max<std::int64_t>(from, 0), whole - 1,
                          margin > 0 && to > whole ? std::max<std::int64_t>(2 * whole - to, 0) : whole});
        last = std::max(
            {last, std::min(to, whole), margin > 0 && from < 0 ? std::min(-from, whole) : std::int64_t{0}});
    };
    for (const runtime::Tile &tile : tiles) {
        reach(tile.input.x, tile.input.width, geometry.width, left, right);
        reach(tile.input.y, tile.input.height, geometry.height, top, bottom);
    }
    return {left, top, right - left, bottom - top};
}

} // namespace

LocalSession::LocalSession(std::shared_ptr<LocalEngine> engine, const SessionOptions &options)
    : Session(engine)
    , state_(std::make_unique<SessionState>()) {
    state_->entry = engine->registered(options.task);
    state_->engine = std::move(engine);
    state_->options = options;
    choose_bundle(*state_->engine, task(), state_->options);
    state_->bundle = state_->options.bundle;
    const bundle::Bundle *bundle = state_->bundle.get();
    if (bundle != nullptr) {
        state_->bundle_name = bundle->manifest().name;
        state_->bundle_sha256 = bundle->sha256();
    }
    choose_device(*state_);
    state_->instance = make_instance(*state_);
    const Setup setup = configure_first(*state_);
    if (setup.graph.empty()) return;
    // Where the limit is too small for it, planning says so.
    const MemoryShares shares =
        divide_memory(*state_->engine, options.memory_limit, {.device = state_->device, .bundle = bundle});
    if (has_room(*state_, shares, setup.graph)) state_->executable(setup.graph, nullptr);
}

LocalSession::~LocalSession() = default;

SessionInfo LocalSession::info() const {
    return {.options = state_->options,
            .bundle_name = state_->bundle_name,
            .bundle_sha256 = state_->bundle_sha256,
            .device = state_->device,
            .precision_reason = state_->precision.reason,
            .precision = state_->precision.precision};
}

const TaskInfo &LocalSession::task() const {
    return state_->task();
}

SessionParams &LocalSession::parameters() const noexcept {
    return *state_;
}

const void *LocalSession::plugin_table() const noexcept {
    return state_->entry.plugin->table().host;
}

void LocalSession::find_places(RunRequest &request) const {
    host::find_places(*state_->engine, {state_->device}, request);
}

std::shared_ptr<Session> LocalSession::make_clone() {
    return std::make_shared<LocalSession>(state_->engine, state_->options);
}

Plan LocalSession::make_plan(std::int32_t width, std::int32_t height) {
    SessionState &state = *state_;
    const auto [setup, geometry, shares] = asked(state, width, height);
    const Cut cut = cut_of(state, setup, geometry, std::nullopt);
    Plan out;
    out.output_width = geometry.output_width;
    out.output_height = geometry.output_height;
    out.base_bytes = shares.base;
    out.memory_limit = state.options.memory_limit;
    out.precision = state.precision.precision;
    out.required_bytes = required_limit(state, setup, shares, width, height, cut);
    out.fits = out.memory_limit == 0 || out.memory_limit >= out.required_bytes;
    if (!out.fits) return out;
    const auto plan = plan_run(state, setup, shares, width, height, cut);
    const runtime::TilePlan &tiles = plan->tiles;
    out.tile_count = tiles.tiles.size();
    out.peak_bytes = shares.fixed + tiles.peak_bytes;
    if (out.memory_limit == 0 && state.weight_bytes() > plan->weight_bytes) // given back under a limit
        out.peak_bytes += state.weight_bytes() - plan->weight_bytes;
    out.tile_width = tiles.input_width;
    out.tile_height = tiles.input_height;
    out.alignment = tiles.alignment;
    out.halo = tiles.halo;
    return out;
}

runtime::Rect LocalSession::make_required(std::int32_t width, std::int32_t height,
                                          const runtime::Rect &region) {
    SessionState &state = *state_;
    const auto [setup, geometry, shares] = asked(state, width, height);
    const runtime::Rect wanted = checked_region(region, geometry);
    if (setup.measures_noise) return {0, 0, width, height};
    const auto plan = plan_run(state, setup, shares, width, height, cut_of(state, setup, geometry, wanted));
    return read_by(plan->tiles.tiles, setup.margin, geometry);
}

std::shared_ptr<const RunResult> LocalSession::make_result(const RunRequest &request) {
    return run_session(*state_, request);
}

} // namespace mirra::host
