// One task of the plugin that is checked, and how the checks call it.
#pragma once

#include "../interrupt.hpp"
#include "../schema.hpp"
#include "nursery.hpp"
#include "pixels.hpp"
#include "report.hpp"
#include "watchdog.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace mirra::cli::conformance {

/// What the command was asked to check.
struct Settings {
    std::string file;                          ///< absolute path of the plugin
    std::string bundle;                        ///< name or path; "": the task's own
    std::map<std::string, std::string> params; ///< of every session, by name, as text
    std::vector<std::string> ports;            ///< optional inputs that every run has
    double seconds = 60;                       ///< how long a call may take without a sign of life
};

/// A call of the library failed.
class Refused : public Fault {
  public:
    Refused(std::string where, const api::Error &error);
    [[nodiscard]] mirra_status code() const noexcept { return code_; }
    /// Whether it says what was wrong with the call; else the plugin, or Mirra, is at fault.
    [[nodiscard]] bool decent() const noexcept;
    /// Whether it was for want of a bundle.
    [[nodiscard]] bool lacks_bundle() const noexcept { return lacks_bundle_; }

  private:
    mirra_status code_;
    bool lacks_bundle_;
};

/// A call did not return.
class Hung : public Fault {
  public:
    using Fault::Fault;
};

/// How a run differs from the simplest one.
struct Ask {
    std::vector<std::string> ports{}; ///< optional ones that are given, or asked for
    std::int32_t further_width = 0;   ///< of all image inputs but the first; 0: as the first
    bool as_planned = false;          ///< without optional outputs that all other runs ask for
    std::optional<mirra_rect> region{};
    const Cancel *cancel = nullptr;
    std::function<bool(const mirra_progress &)> progress{};
};

/// What a run gave.
struct Taken {
    std::map<std::string, Pixels> images; ///< by port
    api::Result result;

    /// The first image output. Throws NotChecked if there is none.
    [[nodiscard]] const Pixels &image(const Task &task) const;
};

/// How far two results may be apart.
struct Tolerance {
    double pixels = 0;  ///< of 1
    double tensors = 0; ///< of the largest value
};
inline constexpr Tolerance kExact{};

/// In what two runs that give the same ports differ, "output 'x' by up to ..."; "" if they do not. Throws
/// NotChecked if there is nothing to compare.
std::string differs(const Task &task, const Taken &a, const Taken &b, const Tolerance &tolerance = kExact);

/// An engine in this process that has the checked plugin alone. Throws api::Error.
Engine engine_of(const Settings &settings);
/// A session with the settings' bundle and parameters. Throws api::Error.
Session open(const Engine &engine, const Settings &settings, const std::string &task,
             std::int32_t tile_size = 0, std::uint64_t memory_limit = 0);
/// The task as it is checked: inputs that every run has are not optional. Throws Failure (usage).
Task subject(Task task, const Settings &settings);
/// Runs a task on made-up pictures. Throws api::Error.
Taken run(const Task &task, Session &session, const Shape &shape, const Ask &ask = {});

/// A task and what its checks need. What it is made of must outlive it.
class Lab {
  public:
    Lab(const Engine &engine, Watchdog &watchdog, const Interrupt &interrupt, const Nursery &nursery,
        const Settings &settings, Task task);

    [[nodiscard]] const Task &task() const noexcept { return task_; }
    [[nodiscard]] const Settings &settings() const noexcept { return settings_; }
    /// Sends a child process on an errand of this task, see do_errand().
    [[nodiscard]] std::string errand(const std::string &name) const {
        return nursery_.send(name + " " + task_.name);
    }
    /// How far two ways to the same picture, such as tiles, may be apart.
    [[nodiscard]] Tolerance tolerance() const;
    /// Throws NotChecked if a run needs something that cannot be made up.
    void require_runs() const;

    /// Calls `f()`, which calls the library; what fails, or takes too long, is thrown as a Fault.
    template<typename F> auto within(const std::string &where, const F &f) const {
        const Watch watch(*this, where);
        try {
            return f();
        } catch (const api::Error &error) {
            watch.give_up(error);
        }
    }
    /// Like within(), but a decent refusal is given back; none if the call succeeded.
    template<typename F> std::optional<Refused> refusal(const std::string &where, const F &f) const {
        try {
            within(where, f);
        } catch (const Refused &refused) {
            if (!refused.decent()) throw;
            return refused;
        }
        return std::nullopt;
    }

    [[nodiscard]] Session session(std::int32_t tile_size = 0, std::uint64_t memory_limit = 0) const;
    [[nodiscard]] mirra_plan plan(const Session &session, const Shape &shape) const;
    /// Runs the task; a Ctrl-C ends it.
    /// @param where  for the report; "": the shape
    Taken take(Session &session, const Shape &shape, const Ask &ask = {},
               const std::string &where = "") const;
    /// The same settings, so that a Ctrl-C ends the run.
    [[nodiscard]] Ask attentive(Ask ask) const;

  private:
    /// The time of one call.
    class Watch {
      public:
        Watch(const Lab &lab, const std::string &where);
        Watch(const Watch &) = delete;
        Watch &operator=(const Watch &) = delete;
        ~Watch();
        [[noreturn]] void give_up(const api::Error &error) const;

      private:
        const Lab &lab_;
        const std::string &where_;
    };

    const Engine &engine_;
    Watchdog &watchdog_;
    const Interrupt &interrupt_;
    const Nursery &nursery_;
    const Settings &settings_;
    Task task_;
};

} // namespace mirra::cli::conformance
