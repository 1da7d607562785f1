// What a task says of itself, whether a session can be made of it, and what it plans.
#include "bare_host.hpp"
#include "check.hpp"

#include <array>
#include <initializer_list>

namespace mirra::cli::conformance {
namespace {

void warn_if(Findings &findings, bool missing, const std::string &where, const std::string &what) {
    if (missing) findings.warn(where, what);
}

/// Where a label is missing, the library may have put the name.
template<typename T> bool no_label(const T &described) {
    return described.label.empty() || described.label == described.name;
}

/// The library has put the sign U+FFFD in the place of what is no UTF-8.
void require_utf8(std::initializer_list<std::string> texts, const std::string &where, Findings &findings) {
    for (const std::string &text : texts)
        if (text.find("\xef\xbf\xbd") != std::string::npos)
            return findings.fault(where, "has a text with bytes that are no UTF-8: save the source as UTF-8");
}

void check_param(const Param &param, Findings &findings) {
    const std::string where = "parameter '" + param.name + "'";
    require_utf8({param.label, param.doc, param.unit, param.default_text}, where, findings);
    for (const std::string &choice : param.choices) require_utf8({choice}, where, findings);
    warn_if(findings, no_label(param), where, "has no label");
    warn_if(findings, param.doc.empty(), where, "has no doc: its help is empty");
    const bool number = param.type == MIRRA_TYPE_INT || param.type == MIRRA_TYPE_FLOAT;
    warn_if(findings, number && param.choices.empty() && param.minimum == param.maximum, where,
            "takes one value only, " + range_text(param));
    warn_if(findings, param.type == MIRRA_TYPE_ENUM && param.choices.size() < 2, where,
            "takes one value only");
}

/// The library has refused what breaks a rule; this is what people see.
void check_descriptions(const Lab &lab, Findings &findings) {
    const Task &task = lab.task();
    require_utf8({task.label, task.doc, task.default_bundle, task.plugin_version}, "the task", findings);
    warn_if(findings, no_label(task), "", "the task has no label");
    warn_if(findings, task.doc.empty(), "", "the task has no doc: its help is empty");
    warn_if(findings, task.plugin_version.empty(), "", "the plugin has no version");
    for (const Port &port : task.ports) {
        const std::string where = "port '" + port.name + "'";
        require_utf8({port.label, port.doc, port.unit}, where, findings);
        warn_if(findings, no_label(port), where, "has no label");
        warn_if(findings, port.doc.empty(), where, "has no doc");
    }
    for (const Param &param : task.params) check_param(param, findings);
}

Session first_session(const Lab &lab) {
    try {
        return lab.session();
    } catch (const Refused &refused) {
        if (!refused.lacks_bundle()) throw;
        throw Fault(refused.where(), refused.what() + std::string(". --bundle names one"));
    }
}

void check_session(const Lab &lab, Findings &findings) {
    findings.end(); // unless all of this works
    const Session session = first_session(lab);
    for (const Param &param : lab.task().params)
        lab.within("parameter '" + param.name + "'", [&] { return session.value(param.name); });
    const Session second = lab.within("a second session", [&] { return session.clone(); });
    findings.end(false);
}

/// Where the simplest call does not return, all later ones would not, each after the whole of its time.
template<typename F> auto end_if_hung(Findings &findings, const F &call) {
    try {
        return call();
    } catch (const Hung &) {
        findings.end();
        throw;
    }
}

/// Where the task wants more than it says it must have, no other run says anything new.
void check_run(const Lab &lab, Findings &findings) {
    lab.require_runs();
    Session session = lab.session();
    try {
        end_if_hung(findings, [&] { return lab.take(session, {64, 64}); });
    } catch (const Refused &refused) {
        if (!refused.decent()) throw;
        findings.end();
        throw Fault(refused.where(), std::string("a run with what the task must have is refused: ") +
                                         refused.what() + ". --give and --set give all runs more");
    }
}

void check_plan(const mirra_plan &plan, const std::string &where) {
    if (plan.fits == 0) throw Fault(where, "the plan does not fit, though there is no memory limit");
    if (plan.tile_count < 1 || plan.output_width < 1 || plan.output_height < 1)
        throw Fault(where, "the plan has no tile, or an empty output");
    if (plan.required_bytes > plan.peak_bytes)
        throw Fault(where, "the plan needs at least " + byte_text(static_cast<double>(plan.required_bytes)) +
                               ", and takes at most " + byte_text(static_cast<double>(plan.peak_bytes)));
}

constexpr std::array kSizes{Shape{1, 1}, Shape{17, 13}, Shape{64, 64}, Shape{65, 130}};

void check_plans(const Lab &lab, Findings &findings) {
    const Session session = lab.session();
    for (const Shape &shape : kSizes) {
        findings.guard([&] {
            check_plan(end_if_hung(findings, [&] { return lab.plan(session, shape); }), shape.text());
        });
        if (findings.ended()) return;
    }
}

void check_destroy(const Lab &lab, Findings &findings) {
    const std::string answer = lab.errand("destroy");
    if (!findings.add_json(answer)) throw NotChecked("an instance could not be made alone: " + answer);
}

/// The library drops what `destroy` throws, and so would never say it.
void call_destroy(const mirra_task &task, void *instance, Findings &findings) {
    try {
        task.destroy(instance);
    } catch (...) {
        findings.fault("destroy",
                       "threw an exception, which must not leave a plugin. What it had yet to give "
                       "back is lost: catch exceptions in it");
    }
}

} // namespace

/// The host stays: the plugin has its table.
std::string try_destroy(const Settings &settings, const std::string &name) {
    Findings findings;
    try {
        static const BareHost host(settings.file);
        const mirra_task &task = host.task(name);
        void *instance = nullptr;
        mirra_error *error = nullptr;
        if (task.create(task.user, host.table(), &instance, &error) != MIRRA_OK)
            throw NotChecked("create declines a host that has no engine");
        if (instance != nullptr) call_destroy(task, instance, findings);
    } catch (const NotChecked &reason) {
        findings.not_checked("", reason.what());
    } catch (...) { // of another function of the plugin's
        findings.not_checked("", "the plugin threw an exception before");
    }
    return findings.text();
}

Checks contract_checks() {
    return {{"descriptions", "task, ports and parameters have labels and texts", check_descriptions},
            {"session", "a session is made with the default bundle and parameters", check_session},
            {"plan", "a run on a picture of any size is planned", check_plans},
            {"run", "a picture, and all else that the task must have, is enough for a run", check_run},
            {"destroy", "no exception leaves it", check_destroy}};
}

} // namespace mirra::cli::conformance
