// Environment variables, as far as they may be believed.
#pragma once

#include <string>

namespace mirra {

/// The value of a variable; empty if it is not set. Always empty in a program that runs with more rights than
/// its caller has (set-user-ID, set-group-ID, file capabilities): the caller must not choose what it loads.
/// Every room asks here and nowhere else.
std::string environment(const char *name);

} // namespace mirra
