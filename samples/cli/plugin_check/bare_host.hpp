// A host that stands in for the library, with nothing between the plugin and its caller.
#pragma once

#include <mirra/mirra_plugin.h>

#include <string>
#include <vector>

namespace mirra::cli::conformance {

/// Has a plugin bring its tasks and lets their functions be called as they are, so that what the library
/// would put up with is seen. Its table has no function that needs a context. The plugin stays loaded, and
/// this must stay as long.
class BareHost {
  public:
    /// Throws NotChecked if the plugin does not like it.
    explicit BareHost(const std::string &file);
    BareHost(const BareHost &) = delete;
    BareHost &operator=(const BareHost &) = delete;

    [[nodiscard]] const mirra_host_api *table() const noexcept { return &table_; }
    /// Throws NotChecked if the plugin has not brought it.
    [[nodiscard]] const mirra_task &task(const std::string &name) const;

  private:
    static mirra_status register_task(const mirra_host_api *host, const mirra_task *task, mirra_error **);
    static const char *plugin_folder(const mirra_host_api *host);
    void fill_table();

    std::string folder_;
    mirra_host_api table_{};
    std::vector<mirra_task> tasks_; ///< what they point to lives as long as the plugin
};

} // namespace mirra::cli::conformance
