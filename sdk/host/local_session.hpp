// A session whose plugin is in this process.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

class LocalSession final : public Session {
  public:
    /// @throws Error as Session::create()
    LocalSession(std::shared_ptr<LocalEngine> engine, const SessionOptions &options);
    LocalSession(const LocalSession &) = delete;
    LocalSession &operator=(const LocalSession &) = delete;
    ~LocalSession() override;

    [[nodiscard]] SessionInfo info() const override;
    [[nodiscard]] const TaskInfo &task() const override;

    /// For one that consists of several, and has seen to it that nobody else uses this one:
    [[nodiscard]] SessionParams &parameters() const noexcept override;
    [[nodiscard]] const void *plugin_table() const noexcept override;
    std::shared_ptr<const RunResult> make_result(const RunRequest &request) override;

  private:
    void find_places(RunRequest &request) const override;
    [[nodiscard]] std::shared_ptr<Session> make_clone() override;
    Plan make_plan(std::int32_t width, std::int32_t height) override;
    runtime::Rect make_required(std::int32_t width, std::int32_t height,
                                const runtime::Rect &region) override;

    std::unique_ptr<SessionState> state_;
};

} // namespace mirra::host
