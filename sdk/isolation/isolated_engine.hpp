// An engine whose plugins and sessions are in a process of their own: mirra-worker.
#pragma once

#include "worker_link.hpp"

namespace mirra::isolation {

/// As host::make_engine(), with a worker. A plugin that ends or blocks it while it loads is passed over.
/// @throws Error not_found (no mirra-worker) | limit | plugin
[[nodiscard]] std::shared_ptr<host::Engine> make_engine(host::EngineOptions options);

/// Whether another LibTorch than this library's is in the process. It never unloads.
[[nodiscard]] bool other_libtorch_is_mapped();

class IsolatedEngine final : public host::Engine {
  public:
    explicit IsolatedEngine(host::EngineOptions options);
    IsolatedEngine(const IsolatedEngine &) = delete;
    IsolatedEngine &operator=(const IsolatedEngine &) = delete;
    ~IsolatedEngine() override;

    const std::vector<runtime::DeviceInfo> &devices() override;
    const host::RuntimeStatus &runtime_status() override;
    [[nodiscard]] std::int64_t process() const noexcept override;
    [[nodiscard]] std::shared_ptr<host::Session> make_session(const std::shared_ptr<host::Engine> &self,
                                                              const host::SessionOptions &options) override;
    host::TensorSet make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                 const std::string &graph, const host::TensorSet &inputs,
                                 const host::GraphRunOptions &options) override;

    /// The worker that lives, or another.
    [[nodiscard]] std::shared_ptr<WorkerLink> link();

  private:
    [[nodiscard]] Json start();
    /// An answer to a call that belongs to no session.
    [[nodiscard]] Message ask(WorkerLink &worker, const Json &body, std::span<const int> attached = {});

    const std::filesystem::path program_;
    host::EngineOptions there_; ///< of the worker's engine
    std::vector<host::PluginRecord> culprits_;
    std::list<host::TaskInfo> tasks_; ///< as the first worker has told
    mutable std::mutex mutex_;        ///< of link_
    std::shared_ptr<WorkerLink> link_;
    std::once_flag devices_once_, runtime_once_;
    std::vector<runtime::DeviceInfo> devices_;
    host::RuntimeStatus runtime_;
};

/// Waits while a worker works: asks it to stop where `stopped` says so, and ends it where it does not.
class Patience {
  public:
    /// @param run  of the lane
    Patience(WorkerLink &link, std::uint64_t lane, std::uint64_t run, std::function<bool()> stopped);
    void operator()();

  private:
    WorkerLink &link_;
    const std::uint64_t lane_, run_;
    const std::function<bool()> stopped_;
    std::optional<std::chrono::steady_clock::time_point> asked_;
};

} // namespace mirra::isolation
