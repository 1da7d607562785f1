// A loaded plugin: the table that it was given, and the tasks that it registered.
#pragma once

#include "mirra/host.hpp"
#include "plugin_table.hpp"

#include <filesystem>
#include <mutex>

namespace mirra::host {

inline constexpr std::uint32_t kPluginAbiMin = 1;
inline constexpr std::uint32_t kPluginAbiMax = MIRRA_PLUGIN_ABI;

/// A task as the host knows it, and the functions behind it.
struct PluginTask {
    TaskInfo info;
    mirra_task functions{};
};

/// Thread-safe. What stands behind the table that the plugin was given; must outlive the plugin's instances.
class Plugin {
  public:
    /// Loads, asks, checks the ABI, and only then initialises.
    /// @param skipped  ids of plugins that are not initialised
    /// @param record   receives what is known, also on failure
    /// @throws Error plugin, the message is the reason
    static std::shared_ptr<Plugin> load(const std::filesystem::path &file, const Log &log,
                                        const std::vector<std::string> &skipped, PluginRecord &record);

    Plugin(const Plugin &) = delete;
    Plugin &operator=(const Plugin &) = delete;
    ~Plugin();

    [[nodiscard]] const mirra_host_api &table() const noexcept { return table_.functions; }
    [[nodiscard]] const std::vector<PluginTask> &tasks() const noexcept { return tasks_; }
    /// Of its file, absolute.
    [[nodiscard]] const std::string &folder() const noexcept { return folder_; }
    /// Lists a task as "ID:NAME".
    void displace(std::size_t task);
    /// @throws Error plugin
    void register_task(const mirra_task *task);
    void log(std::int32_t level, const std::string &message) const;

  private:
    Plugin(const std::filesystem::path &file, InitFunction init, Log log);
    void initialise(PluginRecord &record);

    const std::string folder_;
    const InitFunction init_;
    Log log_;
    PluginTable &table_;
    std::mutex mutex_; ///< of what registering changes: a plugin may do it from any thread
    std::vector<PluginTask> tasks_;
    bool registering_ = false;
};

/// Checks a plugin's description of a task and copies it. @throws Error plugin
PluginTask read_task(const mirra_task *task);
/// Gives a parameter this default, whose text is kept in `task`.
void set_default(mirra_param_info &out, const Value &value, TaskInfo &task);
/// The same as read_task of a parameter, whose texts are kept in `task`. owner: for messages
mirra_param_info read_param(const mirra_param_info &info, const std::string &owner, TaskInfo &task);
/// All tasks as one JSON document; see docs/reference/c-api.md.
std::string schema_of(const std::vector<const TaskInfo *> &tasks);
/// A lower case letter, then such letters, digits and characters of `also` between them, at most 63.
[[nodiscard]] bool is_name(std::string_view name, std::string_view also) noexcept;

/// The table with all functions set; `host` is left to its owner.
mirra_host_api make_host_table() noexcept;

} // namespace mirra::host
