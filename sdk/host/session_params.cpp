// The parameters of a session, with what its bundle says of them.
#include "session_params.hpp"

#include "mirra/error.hpp"
#include "value.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

std::optional<Value> bundle_default(const SessionState &session, const char *name) {
    return session.bundle == nullptr ? std::nullopt
                                     : manifest_default(session.bundle->manifest().defaults, name);
}

/// What the task refuses of a bundle is the bundle's fault, not of who set nothing.
Value accepted(const mirra_param_info &param, const Value &of_bundle) {
    try {
        return accept(param, of_bundle);
    } catch (const Error &error) {
        throw Error(ErrorCode::corrupt,
                    "the bundle's default of '" + std::string(param.name) + "' is refused: " + error.what(),
                    "bundle", "Change the value in the bundle's manifest, or make the bundle anew.");
    }
}

/// Of the bundle, or else as the plugin says.
std::map<std::string, Value> defaults_of(const SessionState &session) {
    std::map<std::string, Value> values;
    for (const mirra_param_info &param : session.known.params) {
        const auto of_bundle = bundle_default(session, param.name);
        values[param.name] = of_bundle ? accepted(param, *of_bundle) : default_of(param);
    }
    return values;
}

/// A host that knows the task alone must not offer less than the session takes.
void check_within(const mirra_param_info &described, const mirra_param_info &declared,
                  const std::string &what) {
    const auto reject = [&](const std::string &how) {
        throw Error(ErrorCode::invalid_argument, what + " is described with " + how, described.name,
                    "Describe no more than the task declares.");
    };
    if (is_number(declared) && (described.minimum < declared.minimum || described.maximum > declared.maximum))
        reject("a range beyond that of the task");
    if (!is_number(declared) && declared.type != MIRRA_TYPE_ENUM) return; // proposals
    const std::span all(declared.choices, declared.choice_count);
    for (const char *choice : std::span(described.choices, described.choice_count)) {
        const auto same = [&](const char *each) { return std::string_view(each) == choice; };
        if (!std::ranges::any_of(all, same))
            reject("the choice '" + std::string(choice) + "', which the task lacks");
    }
}

/// Default, range and choices of the one, all else of the other.
mirra_param_info merged(const mirra_param_info &info, const mirra_param_info &declared) {
    mirra_param_info out = declared;
    out.minimum = info.minimum;
    out.maximum = info.maximum;
    out.soft_minimum = info.soft_minimum;
    out.soft_maximum = info.soft_maximum;
    out.step = info.step;
    out.default_value = info.default_value;
    out.default_text = info.default_text;
    out.choices = info.choices;
    out.choice_labels = info.choice_labels;
    out.choice_count = info.choice_count;
    out.series = nullptr; // checked when the task was registered
    out.series_place = out.max_count = 0;
    return out;
}

} // namespace

Setup configure_first(SessionState &session) {
    session.known.info = session.task().info;
    session.known.params = session.task().params;
    session.values = defaults_of(session);
    std::map<std::string, mirra_param_info> described;
    session.describing = &described;
    Setup setup;
    try {
        setup = configure(session, {}, nullptr);
    } catch (...) {
        session.describing = nullptr;
        throw;
    }
    session.describing = nullptr;
    for (mirra_param_info &param : session.known.params)
        if (const auto found = described.find(param.name); found != described.end()) param = found->second;
    session.values = session.initial = defaults_of(session);
    for (mirra_param_info &param : session.known.params)
        set_default(param, session.initial.at(param.name), session.known);
    return described.empty() ? setup : configure(session, {}, nullptr);
}

void describe_param(SessionState &session, const mirra_param_info &info) {
    if (info.name == nullptr)
        throw Error(ErrorCode::invalid_argument, "a plugin described a parameter without a name");
    const mirra_param_info &declared = session.task().param(info.name);
    const std::string owner = session.task_text(), what = "the parameter '" + std::string(info.name) + "'";
    if (info.type != declared.type)
        throw Error(ErrorCode::invalid_argument, what + " is described with another type than it has",
                    info.name, "Describe it with the type that the task declares.");
    const bool counts = session.describing != nullptr && !session.describing->contains(info.name);
    TaskInfo passing;
    mirra_param_info checked = read_param(merged(info, declared), owner, counts ? session.known : passing);
    check_within(checked, declared, what);
    if (!counts) return;
    checked.series = declared.series;
    checked.series_place = declared.series_place;
    checked.max_count = declared.max_count;
    session.describing->emplace(info.name, checked);
}

} // namespace mirra::host
