// Copies owner, group, permissions and extended attributes from one file to another.
#include "file_attributes.hpp"

#include "file_target.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include <sys/xattr.h>
#include <unistd.h>

namespace mirra::detail {
namespace {

constexpr mode_t kModeBits = 07777;
constexpr mode_t kGroupBits = 070;
constexpr mode_t kSetIdBits = 06000;

constexpr const char *kAccessList = "system.posix_acl_access";

/// Those that belong to the file rather than to its content or the system's own tables.
bool is_kept(std::string_view name) {
    return name.starts_with("user.") || name == kAccessList;
}

/// Best effort: a file system without them has none to lose.
void copy_extended(const char *from, int to) {
    const ssize_t size = ::listxattr(from, nullptr, 0);
    if (size <= 0) return;
    std::string names(static_cast<std::size_t>(size), '\0');
    const ssize_t got = ::listxattr(from, names.data(), names.size());
    if (got <= 0) return;
    names.resize(static_cast<std::size_t>(got));
    for (std::size_t at = 0; at < names.size();) {
        const std::string name = names.c_str() + at;
        at += name.size() + 1;
        const ssize_t length = is_kept(name) ? ::getxattr(from, name.c_str(), nullptr, 0) : -1;
        if (length < 0) continue;
        std::vector<char> value(static_cast<std::size_t>(length));
        if (::getxattr(from, name.c_str(), value.data(), value.size()) == length)
            ::fsetxattr(to, name.c_str(), value.data(), value.size(), 0);
    }
}

} // namespace

int copy_attributes(const char *from, const struct stat &status, int to) {
    struct stat own {};
    if (::fstat(to, &own) != 0) return errno;
    mode_t mode = status.st_mode & kModeBits;
    const auto give = [to](uid_t owner, gid_t group) {
        return uninterrupted([&] { return ::fchown(to, owner, group); }) == 0;
    };
    const bool group = own.st_gid == status.st_gid || give(static_cast<uid_t>(-1), status.st_gid);
    const bool owner = own.st_uid == status.st_uid || give(status.st_uid, static_cast<gid_t>(-1));
    // Another group gets no more than everybody, and another owner lends nobody his rights.
    if (!group) mode = (mode & ~kGroupBits) | ((mode & (mode << 3)) & kGroupBits);
    if (!group || !owner) mode &= ~kSetIdBits;
    ::fremovexattr(to, kAccessList); // the folder's own
    if (uninterrupted([&] { return ::fchmod(to, mode); }) != 0) return errno;
    if (group) copy_extended(from, to);
    return 0;
}

} // namespace mirra::detail
