// An engine whose plugins and sessions are in a process of their own: mirra-worker.
#pragma once

#include "conversation.hpp"

#include <thread>

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
    double make_peak(const host::GraphRunOptions &options) override;
    host::TensorSet make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle,
                                 const std::string &graph, const host::TensorSet &inputs,
                                 const host::GraphRunOptions &options) override;

    /// The worker that lives, or another. @throws WorkerEnded | Error busy | cancelled
    [[nodiscard]] std::shared_ptr<WorkerLink> link(const Stopped &stopped);
    /// Whether the engine was shut down, or the process ends.
    [[nodiscard]] bool stopped() const;

  private:
    [[nodiscard]] std::shared_ptr<WorkerLink> current() const;
    /// Starts a worker; what it says of itself.
    Json start(const Stopped &stopped);
    void pass_over(const std::string &plugin, const WorkerEnded &why);
    /// An answer to a call that belongs to no session.
    [[nodiscard]] Message ask(WorkerLink &worker, const Json &body, int attached = -1);

    const std::filesystem::path program_;
    Json there_; ///< what a worker is told of its engine
    std::vector<host::PluginRecord> culprits_;
    std::list<host::TaskInfo> tasks_; ///< as the first worker has told
    std::mutex starting_;             ///< held by who starts a worker
    std::atomic<std::thread::id> starter_{};
    mutable std::mutex mutex_; ///< of link_
    std::shared_ptr<WorkerLink> link_;
    std::once_flag devices_once_, runtime_once_;
    std::vector<runtime::DeviceInfo> devices_;
    host::RuntimeStatus runtime_;
};

} // namespace mirra::isolation
