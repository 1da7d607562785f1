// A session in a worker, as the host's process has it.
#pragma once

#include "isolated_engine.hpp"
#include "messages.hpp"

namespace mirra::isolation {

/// Its parameters are here, and go along with each call; a worker that has ended is replaced at the next one.
class IsolatedSession final : public host::Session {
  public:
    /// @throws Error as host::Session::create()
    IsolatedSession(std::shared_ptr<IsolatedEngine> engine, const host::SessionOptions &options);
    IsolatedSession(const IsolatedSession &) = delete;
    IsolatedSession &operator=(const IsolatedSession &) = delete;
    ~IsolatedSession() override;

    [[nodiscard]] host::SessionInfo info() const override;
    [[nodiscard]] const host::TaskInfo &task() const override { return task_; }

  private:
    [[nodiscard]] host::SessionParams &parameters() const noexcept override { return params_; }
    [[nodiscard]] const void *plugin_table() const noexcept override { return engine_.get(); }
    void find_places(host::RunRequest &request) const override;
    [[nodiscard]] std::shared_ptr<host::Session> make_clone() override;
    host::Plan make_plan(std::int32_t width, std::int32_t height) override;
    runtime::Rect make_required(std::int32_t width, std::int32_t height,
                                const runtime::Rect &region) override;
    std::shared_ptr<const host::RunResult> make_result(const host::RunRequest &request) override;

    /// The lane of a worker that lives, and has the session.
    void open(const Stopped &stopped);
    /// By one who has opened it.
    [[nodiscard]] Json ask(const Json &body, const Stopped &stopped);
    [[nodiscard]] Json ask(const Json &body);
    std::shared_ptr<const host::RunResult> run(const host::RunRequest &request);

    const std::shared_ptr<IsolatedEngine> engine_;
    const host::TaskInfo &task_;
    const host::SessionOptions given_;
    host::SessionOptions shown_; ///< with the bundle's path
    std::string bundle_name_, bundle_sha256_, device_, precision_reason_;
    runtime::Precision precision_ = runtime::Precision::fp32;
    mutable host::SessionParams params_;
    std::shared_ptr<WorkerLink> link_;
    std::optional<Lane> lane_; ///< none: its conversation was broken off
    std::uint64_t runs_ = 0;
};

/// The tensors of an answer.
[[nodiscard]] host::TensorSet take_tensors(Message answer);

} // namespace mirra::isolation
