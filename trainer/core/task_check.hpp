// What the plugin of a task says of a bundle that is made for it.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/host.hpp"

#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Declares --task, --default and --unchecked. What they set must outlive `sub`.
void add_task_options(CLI::App &sub, std::string &task, std::vector<std::string> &defaults, bool &unchecked);

/// One thread.
class TaskCheck {
  public:
    /// Loads the plugins that there are. A warning tells where none of them has the task: then nothing is
    /// known of it, and nothing checked. An empty name is no task.
    explicit TaskCheck(const std::string &task);

    /// Manifest::defaults. Without the task's plugin a value is what it looks like: a number, true or false,
    /// else a text.
    /// @param settings  "KEY=VALUE" each
    /// @throws Error not_found (no such parameter) | invalid_argument
    [[nodiscard]] std::string defaults(const std::vector<std::string> &settings) const;

    /// A session of the task with the bundle, and a run on a small picture where a task needs nothing else.
    /// @throws Error of these, with the task named
    void check(const bundle::Manifest &manifest, const bundle::Weights &weights) const;

  private:
    [[nodiscard]] std::string typed(const std::string &key, const std::string &text) const;

    std::shared_ptr<host::Engine> engine_;
    const host::TaskInfo *task_ = nullptr; ///< null: not known
};

} // namespace mirra::trainer
