// What belongs to a whole process, and what a plugin made of it.
#pragma once

#include <array>
#include <csignal>
#include <filesystem>
#include <locale>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace mirra::cli::conformance {

/// Locales, working folder, umask, signal handlers and standard output of this process, as they were when
/// this was made. For a process whose standard output nobody reads: what is printed goes to the standard
/// error. One at a time; no other thread may touch any of it.
class ProcessState {
  public:
    /// Throws Failure (memory) where the standard output cannot be caught.
    ProcessState();
    ProcessState(const ProcessState &) = delete;
    ProcessState &operator=(const ProcessState &) = delete;
    ~ProcessState();

    /// What has changed, a sentence each, with what to do in its place. All of it is as before then.
    [[nodiscard]] std::vector<std::string> restore();

  private:
    using Said = std::vector<std::string>;
    void restore_locales(Said &said) const;
    void restore_folder(Said &said) const;
    void restore_mask(Said &said) const;
    void restore_handlers(Said &said) const;
    void empty_output(Said &said) const;

    std::string c_locale_;
    std::locale locale_;
    std::filesystem::path folder_;
    mode_t mask_;
    std::array<struct sigaction, NSIG> handlers_{};
    int output_; ///< a file in memory, in the place of the standard output
};

} // namespace mirra::cli::conformance
