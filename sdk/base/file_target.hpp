// Where a path that is to be written leads, and what failures to write say.
#pragma once

#include <cerrno>
#include <filesystem>
#include <optional>

#include <sys/stat.h>

namespace mirra::detail {

/// What a path names once its links are followed.
struct FileTarget {
    std::filesystem::path path;
    std::optional<int> descriptor{};     ///< of this process: /dev/stdout, /dev/fd/3
    std::optional<struct stat> status{}; ///< of the file; none: there is none yet

    [[nodiscard]] bool regular() const noexcept { return status && S_ISREG(status->st_mode); }
    /// A device, pipe or descriptor: bytes go there at once.
    [[nodiscard]] bool stream() const noexcept { return descriptor || (status && !S_ISREG(status->st_mode)); }
};

/// Follows symbolic links, the last of which may lead to a file that is not there yet.
/// @throws Error invalid_argument (no name of a file) | io (a folder, not permitted, links in a circle)
FileTarget find_target(const std::filesystem::path &path);

/// The folder in which a file lies.
std::filesystem::path folder_of(const std::filesystem::path &path);

/// @param error an errno  @throws Error not_found (the folder) | io
[[noreturn]] void fail_writing(const std::filesystem::path &path, int error);

/// Calls a function of POSIX until no signal interrupts it.
template<typename Call> auto uninterrupted(const Call &call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

} // namespace mirra::detail
