// A session on several GPUs: its runs and jobs are spread over them.
#pragma once

#include "device_pool.hpp"
#include "local_session.hpp"

namespace mirra::host {

/// Takes as many runs and jobs at a time as its caller gives it; those that find no device free wait in line.
/// A device that fails is not used any more, and its run is done again on another where nobody has seen a
/// part of its result. A run whose images lie on a GPU is that GPU's.
class PoolSession final : public Session {
  public:
    /// @throws Error as Session::create()
    PoolSession(std::shared_ptr<LocalEngine> engine, const SessionOptions &options);
    PoolSession(const PoolSession &) = delete;
    PoolSession &operator=(const PoolSession &) = delete;
    ~PoolSession() override;

    [[nodiscard]] SessionInfo info() const override;
    [[nodiscard]] const TaskInfo &task() const override { return planner_->task(); }

  private:
    [[nodiscard]] bool shares_runs() const noexcept override { return true; }
    [[nodiscard]] SessionParams &parameters() const noexcept override { return planner_->parameters(); }
    [[nodiscard]] const void *plugin_table() const noexcept override { return planner_->plugin_table(); }
    void find_places(RunRequest &request) const override;
    [[nodiscard]] std::shared_ptr<Session> make_clone() override;
    Plan make_plan(std::int32_t width, std::int32_t height) override;
    runtime::Rect make_required(std::int32_t width, std::int32_t height,
                                const runtime::Rect &region) override;
    std::shared_ptr<const RunResult> make_result(const RunRequest &request) override;

    /// Null where the device fails, which is noted then.
    [[nodiscard]] std::shared_ptr<LocalSession> make_on(std::size_t index);
    /// In a handler of that error: throws it again if it is none of the device.
    void note_failure(std::size_t index, const Error &error);
    std::shared_ptr<const RunResult> run_on(std::size_t index, const RunRequest &request);

    const std::shared_ptr<LocalEngine> engine_;
    SessionOptions options_; ///< of the session on each device but for the device; with the bundle
    const std::string device_;
    DeviceTurns turns_;
    std::vector<std::shared_ptr<LocalSession>> members_; ///< one a device; null until its first run
    std::shared_ptr<LocalSession> planner_; ///< has the parameters, and makes plans while others run
    std::mutex planning_;
};

} // namespace mirra::host
