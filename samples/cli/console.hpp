// Where a command prints: results to the standard output, all else to the standard error.
#pragma once

#include "failure.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::cli {

using Json = nlohmann::ordered_json;

/// Settings and ways of printing that all commands share. Not thread-safe.
class Console {
  public:
    /// Adds --json and --quiet.
    void declare(CLI::App &app);
    /// Adds --json alone, for commands that print nothing else than their result.
    void declare_json(CLI::App &app);

    [[nodiscard]] bool json() const noexcept { return json_; }
    [[nodiscard]] bool quiet() const noexcept { return quiet_; }
    /// Is the standard error a terminal, so that a line may be rewritten?
    [[nodiscard]] bool terminal() const noexcept;

    // All of these print what files and plugins say as printable(): no escape sequence reaches a terminal.

    /// A result: one line on the standard output.
    void result(const std::string &line) const;
    /// A result of several lines.
    void block(const std::string &lines) const;
    /// A result: a JSON document on the standard output.
    void document(const Json &document) const;
    /// What is being done: a line on the standard error, unless --quiet.
    void note(const std::string &line) const;
    /// "mirra: text" on the standard error; "mirra: FILE: text" of one of several files, unless the text
    /// names it.
    void error(const Failure &failure, const std::string &file = "") const;

  private:
    bool json_ = false;
    bool quiet_ = false;
};

/// "a, b, c"
std::string joined(const std::vector<std::string> &names);
/// A number with so many digits after the point.
std::string fixed(double value, int digits);
/// A number as people write it: "10", "0.05".
std::string number_text(double value);
/// "0 ... 255".
std::string range_text(double minimum, double maximum);
/// "1.5 GB", "320 MB", "12 kB".
std::string byte_text(double bytes);
/// "1:05:09", "0:42".
std::string time_text(double seconds);
/// Text broken into lines of at most `width` characters, each beginning with `indent` spaces.
std::string wrapped(const std::string &text, std::size_t indent, std::size_t width = 100);

} // namespace mirra::cli
