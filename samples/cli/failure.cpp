// Turns library errors into failures with an exit code.
#include "failure.hpp"

#include <memory>
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

} // namespace

Failure::Failure(ExitCode exit_code, const std::string &message, std::string subject, std::string hint)
    : std::runtime_error(message)
    , exit_code_(exit_code)
    , status_(status_of(exit_code))
    , subject_(std::move(subject))
    , hint_(std::move(hint)) {}

Failure::Failure(Phase phase, mirra_status status, mirra_error *error)
    : std::runtime_error(error != nullptr ? mirra_error_message(error) : mirra_status_name(status))
    , exit_code_(exit_code_of(phase, status))
    , status_(mirra_status_name(status))
    , subject_(mirra_error_subject(error))
    , hint_(mirra_error_hint(error)) {
    mirra_error_destroy(error);
}

std::string Failure::text() const {
    std::string out = what();
    if (!subject_.empty() && out.find(subject_) == std::string::npos) out += " (" + subject_ + ")";
    if (hint_.empty()) return out;
    out += ". " + hint_;
    char &first = out[out.size() - hint_.size()];
    if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
    return out;
}

nlohmann::ordered_json Failure::json() const {
    return {{"code", status_},
            {"message", what()},
            {"subject", subject_},
            {"hint", hint_},
            {"exit_code", static_cast<int>(exit_code_)}};
}

} // namespace mirra::cli
