// What a file that takes another's place keeps of it.
#pragma once

#include <sys/stat.h>

namespace mirra::detail {

/// Gives the open file `to` the owner, the mode and the extended attributes (access lists, those of the user)
/// of `from`, as far as the system permits; nobody gets more rights than `from` gave. Returns an errno, 0 if
/// done.
int copy_attributes(const char *from, const struct stat &status, int to);

} // namespace mirra::detail
