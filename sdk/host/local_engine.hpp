// An engine whose plugins are in this process.
#pragma once

#include "device_pixels.hpp"
#include "devices.hpp"
#include "mirra/host.hpp"

namespace mirra::host {

class BundleCache;
class CompiledGraphs;
class Plugin;
class RuntimeLoader;
struct PluginTask;

/// A task, and what keeps its plugin's table alive.
struct RegisteredTask {
    std::shared_ptr<const Plugin> plugin;
    const PluginTask *task = nullptr;
};

/// And what its sessions share: default bundles and compiled graphs. Thread-safe.
class LocalEngine final : public Engine {
  public:
    /// Loads the plugins.
    explicit LocalEngine(EngineOptions options);
    LocalEngine(const LocalEngine &) = delete;
    LocalEngine &operator=(const LocalEngine &) = delete;
    ~LocalEngine() override;

    const std::vector<runtime::DeviceInfo> &devices() override;
    const RuntimeStatus &runtime_status() override;
    [[nodiscard]] std::shared_ptr<Session> make_session(const std::shared_ptr<Engine> &self,
                                                        const SessionOptions &options) override;
    TensorSet make_outputs(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                           const TensorSet &inputs, const GraphRunOptions &options) override;

    /// For sessions: @throws Error not_found
    [[nodiscard]] RegisteredTask registered(std::string_view name) const;
    /// @throws Error not_found (no runtime module) | device
    runtime::Module &module();
    /// For a device that devices() lists.
    [[nodiscard]] DevicePixels device_pixels(const std::string &device) const;
    /// @throws Error not_found | device (with the reason)
    const runtime::DeviceInfo &usable_device(const std::string &id);
    [[nodiscard]] BundleCache &bundles() noexcept { return *bundles_; }
    [[nodiscard]] CompiledGraphs &compiled() noexcept { return *compiled_; }
    /// level: MIRRA_LOG_*
    void log(std::int32_t level, const std::string &message) const {
        if (options_.log) options_.log(level, message);
    }

  private:
    void load_plugins();
    void load_plugin(const std::filesystem::path &file, PluginRecord &record);
    void displace(Plugin &plugin, PluginRecord &record);

    std::filesystem::path worker_; ///< the program that scans plugins, where one does
    std::unique_ptr<RuntimeLoader> loader_;
    std::unique_ptr<BundleCache> bundles_;
    std::unique_ptr<CompiledGraphs> compiled_;
    std::vector<RegisteredTask> registered_;
    std::once_flag devices_once_;
    FoundDevices found_; ///< by devices()
};

/// As run_graph(), which has checked the options.
TensorSet run_graph_here(LocalEngine &engine, const std::shared_ptr<const bundle::Bundle> &bundle,
                         const std::string &graph, const TensorSet &inputs, const GraphRunOptions &options);

} // namespace mirra::host
