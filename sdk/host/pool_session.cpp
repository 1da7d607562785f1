// A session on several GPUs.
#include "pool_session.hpp"

#include "device_images.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

/// Whether nobody has seen what a run that failed has written, and nothing of its inputs was written over, or
/// lies on the GPU that failed.
bool may_repeat(const RunRequest &request, const TaskInfo &task) {
    if (request.tile || !request.sinks.empty() || !request.places.empty()) return false;
    const auto is_written = [&](const auto &image) {
        const mirra_port_info *const port = task.port(image.first);
        return port != nullptr && is_output(*port);
    };
    return std::ranges::none_of(request.images, [&](const auto &written) {
        return is_written(written) && std::ranges::any_of(request.images, [&](const auto &read) {
                   return !is_written(read) && overlap(read.second, written.second);
               });
    });
}

} // namespace

PoolSession::PoolSession(std::shared_ptr<LocalEngine> engine, const SessionOptions &options)
    : Session(engine)
    , engine_(std::move(engine))
    , options_(options)
    , device_(options.device)
    , turns_(engine_->pool(options.device), engine_->loads())
    , members_(turns_.devices().size()) {
    for (std::size_t i = 0; i < members_.size() && planner_ == nullptr; ++i) planner_ = make_on(i);
    if (planner_ == nullptr) static_cast<void>(turns_.take([] {})); // which says why there is none
    options_.bundle = planner_->info().options.bundle;
    options_.bundle_path = planner_->info().options.bundle_path;
}

PoolSession::~PoolSession() = default;

std::shared_ptr<LocalSession> PoolSession::make_on(std::size_t index) {
    SessionOptions options = options_;
    options.device = turns_.devices()[index];
    if (!engine_->loads()->failure(options.device).empty()) return nullptr;
    try {
        return std::make_shared<LocalSession>(engine_, options);
    } catch (const Error &error) {
        note_failure(index, error);
        return nullptr;
    }
}

void PoolSession::note_failure(std::size_t index, const Error &error) {
    if (error.code() != ErrorCode::device) throw;
    if (turns_.fail(index, error.what()))
        engine_->log(MIRRA_LOG_WARNING,
                     "the device " + turns_.devices()[index] + " is not used any more: " + error.what());
}

SessionInfo PoolSession::info() const {
    const SessionInfo planner = planner_->info();
    return {.options = planner.options,
            .bundle_name = planner.bundle_name,
            .bundle_sha256 = planner.bundle_sha256,
            .device = device_,
            .precision_reason = planner.precision_reason,
            .precision = planner.precision};
}

void PoolSession::find_places(RunRequest &request) const {
    host::find_places(*engine_, turns_.devices(), request);
}

std::shared_ptr<Session> PoolSession::make_clone() {
    SessionOptions options = planner_->info().options;
    options.device = device_;
    return std::make_shared<PoolSession>(engine_, options);
}

Plan PoolSession::make_plan(std::int32_t width, std::int32_t height) {
    const std::lock_guard lock(planning_);
    return planner_->plan(width, height);
}

runtime::Rect PoolSession::make_required(std::int32_t width, std::int32_t height,
                                         const runtime::Rect &region) {
    const std::lock_guard lock(planning_);
    return planner_->required(width, height, region);
}

/// By one who has the device's turn.
std::shared_ptr<const RunResult> PoolSession::run_on(std::size_t index, const RunRequest &request) {
    auto &member = members_[index];
    const std::string &device = turns_.devices()[index];
    if (member == nullptr) member = make_on(index);
    if (member == nullptr) throw Error(ErrorCode::device, engine_->loads()->failure(device), device);
    // Otherwise results would depend on where a run happens to go.
    if (member->info().precision != planner_->info().precision)
        throw Error(ErrorCode::unsupported,
                    "the device '" + device + "' would compute in " +
                        std::string(precision_name(member->info().precision)) + ", others in " +
                        std::string(precision_name(planner_->info().precision)),
                    "precision", "State the precision, or leave one of the devices out.");
    member->parameters().values = parameters().values;
    return member->make_result(request);
}

std::shared_ptr<const RunResult> PoolSession::make_result(const RunRequest &request) {
    for (;;) {
        const auto turn = turns_.take([&] { check_cancelled(request); }, gpu_of(request));
        try {
            return run_on(turn.index(), request);
        } catch (const Error &error) {
            note_failure(turn.index(), error);
            if (!may_repeat(request, task())) throw;
        }
    }
}

} // namespace mirra::host
