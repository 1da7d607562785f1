// Turns library errors into failures with an exit code.
#include "failure.hpp"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

namespace mirra::cli {
namespace {

ExitCode exit_code_of(Phase phase, mirra_status status) {
    switch (status) {
    case MIRRA_E_CANCELLED:
        return ExitCode::cancelled;
    case MIRRA_E_BUDGET:
    case MIRRA_E_OUT_OF_MEMORY:
        return ExitCode::memory;
    case MIRRA_E_DEVICE:
    case MIRRA_E_PLUGIN:
        return ExitCode::setup;
    case MIRRA_E_INTERNAL:
        return ExitCode::internal;
    default:
        break;
    }
    switch (phase) {
    case Phase::usage:
        return ExitCode::usage;
    case Phase::input:
        return ExitCode::input;
    case Phase::output:
        return ExitCode::output;
    case Phase::setup:
        return ExitCode::setup;
    }
    return ExitCode::internal;
}

/// What is wrong with a bundle may be found with the first picture.
Phase phase_of(Phase phase, const api::Error &error) {
    return phase == Phase::input && error.subject() == "bundle" ? Phase::setup : phase;
}

const char *status_of(ExitCode code) {
    switch (code) {
    case ExitCode::usage:
        return "usage";
    case ExitCode::input:
        return "input";
    case ExitCode::output:
        return "output";
    case ExitCode::setup:
        return "setup";
    case ExitCode::memory:
        return "memory";
    case ExitCode::cancelled:
        return "cancelled";
    case ExitCode::some_failed:
        return "some_failed";
    default:
        return "internal";
    }
}

std::string dashed(std::string name) {
    std::replace(name.begin(), name.end(), '_', '-');
    return name;
}

} // namespace

Failure::Failure(ExitCode exit_code, const std::string &message, std::string subject, std::string hint)
    : std::runtime_error(message)
    , exit_code_(exit_code)
    , status_(status_of(exit_code))
    , subject_(std::move(subject))
    , hint_(std::move(hint)) {}

Failure::Failure(Phase phase, const api::Error &error)
    : std::runtime_error(error.message())
    , exit_code_(exit_code_of(phase_of(phase, error), error.code()))
    , status_(mirra_status_name(error.code()))
    , subject_(error.subject())
    , hint_(error.hint()) {}

Failure Failure::of_option(std::string option) const {
    Failure out = *this;
    out.option_ = std::move(option);
    return out;
}

Failure Failure::with_subject(std::string subject) const {
    Failure named = *this;
    named.subject_ = std::move(subject);
    return named;
}

Failure Failure::with_hint(std::string hint) const {
    Failure out = *this;
    out.hint_ = std::move(hint);
    return out;
}

std::string Failure::about() const {
    const std::string text = what();
    const bool said = subject_.empty() || text.find(subject_) != std::string::npos;
    if (option_.empty()) return said ? "" : subject_;
    if (text.find(option_) != std::string::npos) return "";
    return said || option_.substr(2) == dashed(subject_) ? option_ : option_ + " " + subject_;
}

std::string Failure::text() const {
    std::string out = what();
    if (const std::string subject = about(); !subject.empty()) out += " (" + subject + ")";
    if (hint_.empty()) return out;
    // A name of the interface, such as memory_limit; others are words as well.
    std::string hint = hint_;
    if (const auto at = hint.find(subject_);
        !option_.empty() && subject_.find('_') != std::string::npos && at != std::string::npos)
        hint.replace(at, subject_.size(), option_);
    if (hint[0] >= 'a' && hint[0] <= 'z') hint[0] = static_cast<char>(hint[0] - 'a' + 'A');
    return out + ". " + hint;
}

nlohmann::ordered_json Failure::json() const {
    return {{"code", status_},   {"message", what()}, {"subject", subject_},
            {"option", option_}, {"hint", hint_},     {"exit_code", static_cast<int>(exit_code_)}};
}

} // namespace mirra::cli
