// Every parameter at its ends and choices, and values that it must refuse.
#include "check.hpp"
#include "parameter_values.hpp"

#include <chrono>
#include <cmath>
#include <limits>

namespace mirra::cli::conformance {
namespace {

constexpr Shape kShape{17, 13, MIRRA_FORMAT_F32, MIRRA_COLOR_RGB};
constexpr double kPatience = 5; // seconds; a run that obeys may take long at an extreme value

/// A run that is stopped when it has shown, for some time, that it goes on and obeys.
void run_a_while(const Lab &lab, Session &session, const std::string &where) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kPatience);
    bool stopped = false;
    Ask ask;
    ask.progress = [&](const mirra_progress &) {
        stopped = stopped || std::chrono::steady_clock::now() > end;
        return !stopped;
    };
    try {
        const Taken taken = lab.take(session, kShape, ask, where);
        for (const auto &[port, pixels] : taken.images)
            if (const std::string bad = pixels.not_finite(); !bad.empty())
                throw Fault(where, "output '" + port + "' is no number: " + bad);
    } catch (const Refused &refused) {
        if (!stopped || refused.code() != MIRRA_E_CANCELLED) throw;
    }
}

void check_value(const Lab &lab, Session &session, const Setting &setting, Findings &findings) {
    try {
        lab.within(setting.text(), [&] { session.set(setting.name, setting.value); });
        run_a_while(lab, session, setting.text());
    } catch (const Refused &refused) {
        if (!refused.decent()) throw;
        findings.warn(refused.where(), std::string("is refused, though it is in range: ") + refused.what());
    }
}

void check_parameters(const Lab &lab, Findings &findings) {
    lab.require_runs();
    if (lab.task().params.empty()) throw NotChecked("the task has no parameter");
    Session session = lab.session();
    for (const mirra_param_info &param : session.params())
        for (const Setting &setting : settings_of(param)) {
            findings.guard([&] { check_value(lab, session, setting, findings); });
            lab.within(setting.text(), [&] {
                session.reset_param(setting.name);
                for (const auto &[name, text] : lab.settings().params) session.set_text(name, text);
            });
        }
}

std::vector<Setting> wrong_settings(const mirra_param_info &param) {
    const std::string name = param.name;
    std::vector<Setting> wrong;
    if (param.type == MIRRA_TYPE_INT || param.type == MIRRA_TYPE_FLOAT) {
        for (const double value : {param.minimum - 1, param.maximum + 1})
            if (value < param.minimum || value > param.maximum) wrong.push_back({name, value});
        wrong.push_back({name, std::numeric_limits<double>::quiet_NaN()});
    }
    if (param.type != MIRRA_TYPE_STRING && param.type != MIRRA_TYPE_FILE)
        wrong.push_back({name, "no such value"});
    return wrong;
}

void check_wrong_values(const Lab &lab, Findings &findings) {
    Session session = lab.session();
    std::vector<Setting> wrong{{"no_such_parameter", 1}};
    for (const mirra_param_info &param : session.params())
        for (Setting &setting : wrong_settings(param)) wrong.push_back(std::move(setting));
    for (const Setting &setting : wrong)
        findings.guard([&] {
            if (!lab.refusal(setting.text(), [&] { session.set(setting.name, setting.value); }))
                throw Fault(setting.text(), "is taken, though it is no value of the parameter");
        });
    lab.require_runs();
    const auto without = lab.refusal("a run without ports", [&] { session.run({}); });
    if (!without && !lab.task().ports.empty()) findings.fault("a run without ports", "is no error");
    lab.take(session, kShape, {}, "a run after what was refused");
}

} // namespace

Checks parameter_checks() {
    return {{"parameters", "each works at its minimum, maximum and every choice", check_parameters},
            {"wrong values", "each is refused with an error, and changes nothing", check_wrong_values}};
}

} // namespace mirra::cli::conformance
