// What a command throws when it cannot go on, and the exit code that goes with it.
#pragma once

#include <mirra/mirra.hpp>

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>

namespace mirra::cli {

/// Exit codes of the `mirra` command; docs/reference/cli.md lists them.
enum class ExitCode : int {
    ok = 0,
    some_failed = 1, ///< of several inputs some could not be done
    usage = 2,       ///< unknown option or command, or a value that an option does not take
    input = 3,       ///< an input file is missing, unreadable or damaged
    output = 4,      ///< an output cannot be written
    setup = 5,       ///< bundle, plugin, device or runtime module
    memory = 6,      ///< the memory limit is too small, or memory ran out
    internal = 70,   ///< a bug in Mirra
    cancelled = 130  ///< Ctrl-C
};

/// What a call of the library was for: it decides which exit code a failure of it gets.
enum class Phase { usage, input, output, setup };

/// What went wrong, what it was about and what to do. Immutable.
class Failure : public std::runtime_error {
  public:
    Failure(ExitCode exit_code, const std::string &message, std::string subject = {}, std::string hint = {});
    /// What a library call in that phase ended with.
    Failure(Phase phase, const api::Error &error);

    [[nodiscard]] ExitCode exit_code() const noexcept { return exit_code_; }
    [[nodiscard]] bool cancelled() const noexcept { return exit_code_ == ExitCode::cancelled; }
    /// The same, of an option of the command that was called: it stands where the library says its own name
    /// for it.
    [[nodiscard]] Failure of_option(std::string option) const;
    /// The same about something else: a file that the caller knows by another name.
    [[nodiscard]] Failure with_subject(std::string subject) const;
    /// The same with more to do.
    [[nodiscard]] Failure with_hint(std::string hint) const;

    [[nodiscard]] const std::string &subject() const noexcept { return subject_; }
    [[nodiscard]] const std::string &hint() const noexcept { return hint_; }
    /// "message (subject). hint", without the parts that are empty.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] nlohmann::ordered_json json() const;

  private:
    /// What goes in parentheses after the message; "" where the message says it.
    [[nodiscard]] std::string about() const;

    ExitCode exit_code_;
    std::string status_;
    std::string subject_;
    std::string hint_;
    std::string option_;
};

} // namespace mirra::cli
