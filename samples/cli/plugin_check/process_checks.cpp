// What a plugin does to the process that it is loaded into.
#include "check.hpp"
#include "process_state.hpp"

#include <functional>

namespace mirra::cli::conformance {
namespace {

constexpr Shape kShape{64, 64};

/// Calls of the plugin's, one group after the other, and what each made of the process.
class Trial {
  public:
    /// @param where  which of the plugin's functions the library calls
    void step(const std::string &where, const std::function<void()> &call) {
        try {
            call();
        } catch (const api::Error &) { // other checks report it
            over_ = true;
        }
        for (std::string &changed : state_.restore()) findings_.fault(where, std::move(changed));
    }
    /// Whether a call failed, so that those that need it make no sense.
    [[nodiscard]] bool over() const noexcept { return over_; }
    [[nodiscard]] const Findings &findings() const noexcept { return findings_; }

  private:
    ProcessState state_;
    Findings findings_;
    bool over_ = false;
};

void try_session(Trial &trial, const Engine &engine, const Settings &settings, const std::string &name) {
    Session session;
    const Task task = subject(read_task(engine, name), settings);
    trial.step("create and configure", [&] { session = open(engine, settings, name); });
    if (trial.over()) return;
    trial.step("a plan", [&] { static_cast<void>(session.plan(kShape.width, kShape.height)); });
    trial.step("a run of " + kShape.text(), [&] { run(task, session, kShape); });
    trial.step("destroy", [&] { session.reset(); });
}

void check_process(const Lab &lab, Findings &findings) {
    const std::string answer = lab.errand("process");
    if (findings.add_json(answer)) return;
    findings.fault("a run in one process with its program",
                   answer.empty() ? "the process ended, or lost descriptors that are not the plugin's"
                                  : answer);
}

} // namespace

std::string try_process(const Settings &settings, const std::string &task) {
    Trial trial;
    Engine engine;
    trial.step("loading, or init", [&] { engine = engine_of(settings); });
    if (!trial.over()) try_session(trial, engine, settings, task);
    return trial.findings().text();
}

Checks process_checks() {
    return {{"process", "locale, folder, umask, signals and output of the process are left alone",
             check_process}};
}

} // namespace mirra::cli::conformance
