// Memory within what the plan says, and runs that are cancelled.
#include "check.hpp"

#include <array>
#include <chrono>
#include <mutex>
#include <thread>

namespace mirra::cli::conformance {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

std::string bytes(std::uint64_t count) {
    return byte_text(static_cast<double>(count));
}

void check_peak(const mirra_plan &plan, const mirra_result_info &run, const std::string &where) {
    const std::uint64_t held = run.peak_bytes + run.base_bytes;
    if (held > plan.peak_bytes)
        throw Fault(where, "the run held " + bytes(held) + ", the plan said " + bytes(plan.peak_bytes) +
                               " at most: state more in extra_bytes_per_pixel or extra_bytes of the setup");
}

void check_memory(const Lab &lab, Findings &findings) {
    lab.require_runs();
    const Shape shape{300, 220};
    Session session = lab.session();
    const mirra_plan plan = lab.plan(session, shape);
    Ask ask;
    ask.as_planned = true;
    const Taken taken = lab.take(session, shape, ask);
    findings.guard([&] { check_peak(plan, taken.result.info(), shape.text()); });

    const std::string where = shape.text() + " with memory_limit = " + bytes(plan.required_bytes);
    Session limited = lab.session(0, plan.required_bytes);
    lab.take(limited, shape, ask, where);
}

/// When a run is cancelled: at the share `fraction` of its progress, or `after` its beginning.
struct Moment {
    const char *text;
    double fraction;
    double after; ///< of the time of a whole run; below 0: not by time
};
constexpr std::array kMoments{Moment{"before it begins", 2, 0}, Moment{"at its first progress", 0, -1},
                              Moment{"after a tenth of its time", 2, 0.1},
                              Moment{"after half of its time", 2, 0.5}, Moment{"half-way", 0.5, -1}};

/// A token, and since when it is requested.
class Stop {
  public:
    void request() {
        const std::lock_guard hold(lock_);
        if (!at_) at_ = Clock::now();
        cancel_.request();
    }
    [[nodiscard]] const Cancel &token() const { return cancel_; }
    /// How long ago, in seconds; 0 if it was not.
    [[nodiscard]] double ago() const {
        const std::lock_guard hold(lock_);
        return at_ ? Seconds(Clock::now() - *at_).count() : 0;
    }

  private:
    Cancel cancel_ = Cancel::create();
    mutable std::mutex lock_;
    std::optional<Clock::time_point> at_;
};

/// Cancels at a moment; after a time by a thread of its own.
std::jthread arrange(const Moment &moment, double whole_run, Stop &stop, Ask &ask) {
    ask.cancel = &stop.token();
    ask.progress = [&stop, &moment](const mirra_progress &progress) {
        if (progress.fraction >= moment.fraction) stop.request();
        return true;
    };
    if (moment.after == 0) stop.request();
    if (moment.after <= 0) return {};
    return std::jthread([&stop, seconds = moment.after * whole_run] {
        std::this_thread::sleep_for(Seconds(seconds));
        stop.request();
    });
}

void check_moment(const Lab &lab, Session &session, const Shape &shape, const Moment &moment,
                  double whole_run) {
    const std::string where = std::string("cancelled ") + moment.text;
    Stop stop;
    Ask ask;
    const std::jthread timer = arrange(moment, whole_run, stop, ask);
    std::optional<Refused> refused;
    try {
        lab.take(session, shape, ask, where);
    } catch (const Refused &error) {
        refused = error;
    }
    const double late = stop.ago();
    if (late > 2 + 0.1 * whole_run)
        throw Fault(where, "the run went on for " + fixed(late, 1) +
                               " s: ask the host more often, by its function cancelled");
    if (refused && refused->code() != MIRRA_E_CANCELLED) throw Refused(*refused);
}

void check_cancel(const Lab &lab, Findings &findings) {
    lab.require_runs();
    const Shape shape{300, 220}, small{17, 13};
    Session session = lab.session();
    const Taken before = lab.take(session, small);
    const auto begin = Clock::now();
    lab.take(session, shape);
    const double whole_run = Seconds(Clock::now() - begin).count();
    for (const Moment &moment : kMoments)
        findings.guard([&] { check_moment(lab, session, shape, moment, whole_run); });
    const Taken after = lab.take(session, small, {}, "a run after cancelled ones");
    if (const std::string apart = differs(lab.task(), before, after); !apart.empty())
        throw Fault("a run after cancelled ones", "differs from one before: " + apart);
}

} // namespace

Checks limit_checks() {
    return {{"memory", "no run holds more than its plan says", check_memory},
            {"cancel", "a cancelled run ends soon, and the session goes on", check_cancel}};
}

} // namespace mirra::cli::conformance
