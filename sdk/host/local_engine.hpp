// An engine whose plugins are in this process.
#pragma once

#include "allowance.hpp"
#include "device_pixels.hpp"
#include "device_pool.hpp"
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
    double make_peak(const GraphRunOptions &options) override;

    /// For sessions: @throws Error not_found
    [[nodiscard]] RegisteredTask registered(std::string_view name) const;
    /// @throws Error not_found (no runtime module) | device
    runtime::Module &module();
    /// As RuntimeLoader::make_arena().
    [[nodiscard]] std::shared_ptr<runtime::Arena> make_arena(const std::string &device, std::uint64_t limit,
                                                             std::uint64_t keep);
    /// For a device that devices() lists.
    [[nodiscard]] DevicePixels device_pixels(const std::string &device) const;
    /// @throws Error not_found | device (with the reason)
    const runtime::DeviceInfo &usable_device(const std::string &id);
    /// For what runs on one device: as usable_device(), and no pool. @param what  a clause: what takes one
    /// device
    /// @throws Error unsupported
    const runtime::DeviceInfo &one_device(const std::string &id, const std::string &what);
    /// The devices of a pool, all of which can be used. @throws Error invalid_argument | not_found | device
    /// (with the reasons)
    std::vector<std::string> pool(const std::string &name);
    [[nodiscard]] const std::shared_ptr<DeviceLoads> &loads() const noexcept { return loads_; }
    /// Of what sessions hold between runs.
    [[nodiscard]] const Allowance &kept() const noexcept { return kept_; }
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
    const Allowance kept_{std::uint64_t{1} << 30U};
    const std::shared_ptr<DeviceLoads> loads_ = std::make_shared<DeviceLoads>();
};

/// As measured_peak(), which has checked the options.
double measure_peak_here(LocalEngine &engine, const GraphRunOptions &options);

/// As run_graph(), which has checked the options.
TensorSet run_graph_here(LocalEngine &engine, const std::shared_ptr<const bundle::Bundle> &bundle,
                         const std::string &graph, const TensorSet &inputs, const GraphRunOptions &options);

} // namespace mirra::host
