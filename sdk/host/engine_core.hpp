// The engine behind the interface: what sessions need of it.
#pragma once

#include "plugin.hpp"
#include "runtime_loader.hpp"

#include <deque>
#include <mutex>

namespace mirra::host {

/// A task and what keeps its plugin's table alive.
struct TaskEntry {
    std::shared_ptr<const Plugin> plugin;
    const PluginTask *task = nullptr;
};

/// Called now and then while something is made that takes its time; what it throws ends that.
using Look = std::function<void()>;

/// Thread-safe.
class EngineCore final : public Engine {
  public:
    explicit EngineCore(EngineOptions options);

    const std::vector<Task> &tasks() const override { return tasks_; }
    const Task &task(std::string_view name) const override;
    const std::vector<PluginRecord> &plugins() const override { return records_; }
    const std::string &schema_json() const override { return schema_; }
    const std::vector<runtime::DeviceInfo> &devices() override;
    const RuntimeStatus &runtime_status() override { return loader_.status(); }
    std::string find_bundle(const std::string &name) const override;

    [[nodiscard]] TaskEntry entry(std::string_view name) const;
    runtime::Module &module() { return loader_.module(); }
    /// @throws Error not_found | device (with the reason)
    const runtime::DeviceInfo &usable_device(const std::string &id);
    /// The compiled graph; shared with every session that has the same one.
    std::shared_ptr<runtime::Executable> compiled(const std::shared_ptr<const bundle::Bundle> &bundle,
                                                  const std::string &graph,
                                                  const runtime::CompileOptions &options,
                                                  const Look &look = {});
    /// A network that stays prepared between calls although no session holds it, and the memory of its runs
    /// without a limit, which a next run finds mapped.
    struct Kept {
        std::shared_ptr<runtime::Executable> executable;
        std::shared_ptr<runtime::Arena> arena;
        std::uint64_t weights = 0; ///< bytes
        [[nodiscard]] std::uint64_t bytes() const;
    };
    Kept kept(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
              const runtime::CompileOptions &options);
    /// Gives kept networks and their memory back, the oldest first, beyond so many bytes.
    void trim_kept(std::uint64_t most) noexcept;
    /// The same beyond an eighth of the machine's memory.
    void trim_kept() noexcept;
    /// As compiled(), for gradients.
    std::shared_ptr<runtime::Differentiable>
    compiled_gradient(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                      const std::string &device, const Look &look = {});

  private:
    void load_plugins();
    void load_plugin(const std::filesystem::path &file, PluginRecord &record);

    EngineOptions options_;
    RuntimeLoader loader_;
    std::vector<std::shared_ptr<const Plugin>> plugins_;
    std::vector<TaskEntry> entries_; ///< in the order of tasks_
    std::vector<Task> tasks_;
    std::vector<PluginRecord> records_;
    std::string schema_;
    std::once_flag devices_once_;
    std::vector<runtime::DeviceInfo> devices_;
    std::mutex compile_mutex_;
    std::map<std::string, std::weak_ptr<runtime::Executable>> compiled_;
    std::map<std::string, std::weak_ptr<runtime::Differentiable>> compiled_gradients_;
    std::deque<Kept> kept_; ///< the latest first
};

/// @throws Error invalid_argument for a number of threads that no machine has: OpenMP ends the process then
void check_threads(std::int32_t threads);

/// All tasks as one JSON document; see docs/reference/c-api.md.
std::string schema_of(const std::vector<Task> &tasks);

} // namespace mirra::host
