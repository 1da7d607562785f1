// Several sessions and engines at once: what is the session's must not be in a static.
#include "check.hpp"
#include "parameter_values.hpp"

#include <chrono>
#include <exception>
#include <thread>

namespace mirra::cli::conformance {
namespace {

constexpr Shape kShape{64, 64}, kOther{65, 40, MIRRA_FORMAT_F32, MIRRA_COLOR_RGB};
constexpr int kRounds = 8;     // at most, and
constexpr double kSeconds = 5; // so long

/// A session with its picture, and what the run gives when nobody disturbs it.
struct Alone {
    Session session;
    Shape shape;
    Taken expected;
};

/// Whether the session gives something else with that value. What is wrong with it, another check says.
bool changes(const Lab &lab, Session &session, const Shape &shape, const Taken &before,
             const Setting &setting) {
    try {
        lab.within(setting.text(), [&] { session.set(setting.name, setting.value); });
        return !differs(lab.task(), before, lab.take(session, shape)).empty();
    } catch (const Fault &) {
        return false;
    }
}

/// Gives the session a value with which the result is another one, if one of the first few does that.
void set_apart(const Lab &lab, Session &session, const Shape &shape, const Taken &before) {
    int tries = 6;
    for (const mirra_param_info &param : session.params())
        for (const Setting &setting : settings_of(param)) {
            if (tries-- == 0 || changes(lab, session, shape, before, setting)) return;
            lab.within(setting.text(), [&] { session.reset_param(setting.name); });
        }
}

void require_expected(const Lab &lab, const Alone &alone, const Taken &taken, const std::string &where) {
    const std::string apart = differs(lab.task(), alone.expected, taken);
    if (!apart.empty())
        throw Fault(where, "a session gives something else beside another one, it differs: " + apart +
                               ". Keep in the instance what belongs to a session, not in a static");
}

void run_in_turn(const Lab &lab, Alone &first, Alone &second) {
    for (Alone *alone : {&first, &second, &first})
        require_expected(lab, *alone, lab.take(alone->session, alone->shape), "two sessions in turn");
}

/// On a thread; what it throws is kept.
void run_often(const Lab &lab, Alone &alone, std::exception_ptr &thrown) {
    try {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kSeconds);
        for (int i = 0; i < kRounds && std::chrono::steady_clock::now() < end; ++i)
            require_expected(lab, alone, run(lab.task(), alone.session, alone.shape, lab.attentive({})),
                             "two sessions on two threads");
    } catch (...) {
        thrown = std::current_exception();
    }
}

void run_at_once(const Lab &lab, Alone &first, Alone &second) {
    std::exception_ptr here, there;
    lab.within("two sessions on two threads", [&] {
        std::thread thread([&] { run_often(lab, second, there); });
        run_often(lab, first, here);
        thread.join();
        for (const std::exception_ptr &thrown : {here, there})
            if (thrown) std::rethrow_exception(thrown);
    });
}

void check_two_sessions(const Lab &lab, Findings &findings) {
    lab.require_runs();
    Session one = lab.session(), two = lab.session();
    Taken of_one = lab.take(one, kShape), of_two = lab.take(two, kOther);
    set_apart(lab, two, kOther, of_two);
    of_two = lab.take(two, kOther);
    Alone first{std::move(one), kShape, std::move(of_one)}, second{std::move(two), kOther, std::move(of_two)};
    findings.guard([&] { run_in_turn(lab, first, second); });
    findings.guard([&] { run_at_once(lab, first, second); });
}

void check_two_engines(const Lab &lab, Findings &) {
    lab.require_runs();
    if (const std::string fault = lab.errand("engines"); !fault.empty())
        throw Fault("two engines in one process", fault);
}

std::string say_difference(const Task &task, const Taken &a, const Taken &b, const std::string &what) {
    const std::string apart = differs(task, a, b);
    return apart.empty() ? "" : what + " differs: " + apart;
}

std::string compare_engines(const Settings &settings, const std::string &name) {
    Engine one = engine_of(settings), two = engine_of(settings);
    const Task task = subject(read_task(two, name), settings);
    Session first = open(one, settings, name), second = open(two, settings, name);
    const Taken expected = run(task, first, kShape), beside = run(task, second, kShape);
    if (const auto fault = say_difference(task, expected, beside, "the second engine"); !fault.empty())
        return fault;
    first.reset();
    one.reset();
    const std::string alone = "a run of one engine, when the other is gone,";
    if (const auto fault = say_difference(task, expected, run(task, second, kShape), alone); !fault.empty())
        return fault;
    const Engine third = engine_of(settings);
    Session late = open(third, settings, name);
    return say_difference(task, expected, run(task, late, kShape), "a third engine");
}

} // namespace

std::string two_engines(const Settings &settings, const std::string &task) {
    try {
        return compare_engines(settings, task);
    } catch (const NotChecked &) { // there is nothing to compare, but all of it ran
        return "";
    }
}

Checks concurrency_checks() {
    return {{"two sessions", "they do not disturb each other, also on two threads", check_two_sessions},
            {"two engines", "both work in one process, and one without the other", check_two_engines}};
}

} // namespace mirra::cli::conformance
