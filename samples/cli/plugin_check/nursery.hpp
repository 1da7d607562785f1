// Work in a process of its own that no engine was in before.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

namespace mirra::cli::conformance {

/// A child process that waits for errands and does each in a child of its own, which may crash or hang. To be
/// made before the program has engines or threads. Not thread-safe.
class Nursery {
  public:
    /// Does an errand and says what was wrong; "" if nothing was.
    using Work = std::function<std::string(const std::string &errand)>;

    /// Throws Failure (memory) where no process can be made.
    /// @param seconds  how long an errand may take
    Nursery(Work work, double seconds);
    Nursery(const Nursery &) = delete;
    Nursery &operator=(const Nursery &) = delete;
    ~Nursery();

    /// What the work said, or how its process ended.
    /// @param errand  one line
    [[nodiscard]] std::string send(const std::string &errand) const;

  private:
    [[noreturn]] void serve(int requests, int answers) const;
    [[nodiscard]] std::string errand(const std::string &text, int answers) const;

    Work work_;
    double seconds_;
    pid_t child_ = -1;
    int requests_ = -1, answers_ = -1;
};

} // namespace mirra::cli::conformance
