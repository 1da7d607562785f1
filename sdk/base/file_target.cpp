// Following links to what is to be written.
#include "file_target.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace mirra::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40; // as the kernel

std::string hint_for(int error) {
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "free some space, or write to another disk";
    case EACCES:
    case EPERM:
    case EROFS:
        return "choose a place that you may write to";
    case ENAMETOOLONG:
        return "choose a shorter name";
    case ENXIO:
        return "start the program that reads it first";
    case EFBIG:
        return "raise the limit of file sizes (ulimit -f), or write a smaller file";
    case ELOOP:
        return "remove the links that lead to each other";
    default:
        return {};
    }
}

std::string reason_of(int error) {
    if (error == ENXIO) return "nobody reads from it";
    if (error == EPIPE) return "its reader has gone away";
    return std::generic_category().message(error);
}

/// The number of a descriptor of this process that the path names.
std::optional<int> descriptor_of(const fs::path &path) {
    const auto plain = path.lexically_normal();
    if (plain == "/dev/stdout") return STDOUT_FILENO;
    if (plain == "/dev/stderr") return STDERR_FILENO;
    const std::string folder = plain.parent_path().string();
    const std::string own = "/proc/" + std::to_string(::getpid()) + "/fd";
    if (folder != "/dev/fd" && folder != "/proc/self/fd" && folder != "/proc/thread-self/fd" && folder != own)
        return std::nullopt;
    const std::string name = plain.filename().string();
    int number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size() || number < 0) return std::nullopt;
    return number;
}

void check_name(const fs::path &path) {
    if (!path.has_filename())
        throw Error(ErrorCode::invalid_argument, "cannot write: the path names no file", path.string());
    if (path == "-")
        throw Error(ErrorCode::invalid_argument, "cannot write: '-' is not the name of a file here",
                    path.string(), "write ./- for a file of that name, /dev/stdout for the standard output");
}

fs::path link_target(const fs::path &link) {
    std::error_code error;
    const auto target = fs::read_symlink(link, error);
    if (error) fail_writing(link, error.value());
    return target.is_absolute() ? target : folder_of(link) / target;
}

} // namespace

fs::path folder_of(const fs::path &path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void fail_writing(const fs::path &path, int error) {
    if (error == ENOENT || error == ENOTDIR)
        throw Error(ErrorCode::not_found,
                    "cannot write the file: the folder '" + folder_of(path).string() + "' does not exist",
                    path.string(), "create the folder first");
    throw Error(ErrorCode::io, "cannot write the file: " + reason_of(error), path.string(), hint_for(error));
}

FileTarget find_target(const fs::path &path) {
    check_name(path);
    FileTarget target{.path = path};
    for (int links = 0; links <= kMostLinks; ++links) {
        target.descriptor = descriptor_of(target.path);
        if (target.descriptor) return target;
        struct stat status {};
        if (::lstat(target.path.c_str(), &status) != 0) {
            if (errno == ENOENT) return target;
            fail_writing(path, errno);
        }
        if (S_ISLNK(status.st_mode)) {
            target.path = link_target(target.path);
            continue;
        }
        if (S_ISDIR(status.st_mode))
            throw Error(ErrorCode::io, "cannot write the file: a folder of that name exists", path.string());
        target.status = status;
        return target;
    }
    fail_writing(path, ELOOP);
}

} // namespace mirra::detail
