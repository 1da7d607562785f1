// What the checks of a plugin find.
#pragma once

#include "../console.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace mirra::cli::conformance {

/// Ends a check: the plugin is at fault.
class Fault : public std::runtime_error {
  public:
    /// @param where  size, parameter, port ...; may be ""
    Fault(std::string where, const std::string &what) : std::runtime_error(what), where_(std::move(where)) {}
    [[nodiscard]] const std::string &where() const noexcept { return where_; }

  private:
    std::string where_;
};

/// Ends a check that this plugin cannot have; it says why.
class NotChecked : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// How grave a finding is; of several, the gravest is the result of the check.
enum class Outcome : int { ok, not_checked, warning, failed };

/// "ok", "not checked", "warning", "FAILED".
const char *result_text(Outcome result);

struct Finding {
    Outcome result;
    std::string where; ///< "17x13 u8 gray", "parameter 'gain'"; "" for the task as a whole
    std::string what;
};

/// What one check found. Not thread-safe.
class Findings {
  public:
    void fault(std::string where, std::string what) {
        add(Outcome::failed, std::move(where), std::move(what));
    }
    void warn(std::string where, std::string what) {
        add(Outcome::warning, std::move(where), std::move(what));
    }
    void not_checked(std::string where, std::string what) {
        add(Outcome::not_checked, std::move(where), std::move(what));
    }
    /// Whether none of the later checks makes sense.
    void end(bool ended = true) { ended_ = ended; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    /// Calls `part()`; what it throws as a Fault is written down, and the check goes on.
    template<typename F> void guard(const F &part) {
        try {
            part();
        } catch (const Fault &found) {
            fault(found.where(), found.what());
        }
    }

    [[nodiscard]] Outcome result() const;
    [[nodiscard]] const std::vector<Finding> &all() const noexcept { return all_; }
    [[nodiscard]] Json json() const;
    /// For another process, which has it by add_json().
    [[nodiscard]] std::string text() const;
    /// Whether the text was one of text().
    [[nodiscard]] bool add_json(const std::string &text);

  private:
    void add(Outcome result, std::string where, std::string what) {
        all_.push_back({result, std::move(where), std::move(what)});
    }

    std::vector<Finding> all_;
    bool ended_ = false;
};

} // namespace mirra::cli::conformance
