// The parameters of a session, with what its bundle says of them.
#pragma once

#include "setup.hpp"

namespace mirra::host {

/// Gives the parameters of a session in the making their values at first, and asks its plugin for the first
/// time, which may describe them. @throws Error as configure() | invalid_argument (defaults of the bundle)
Setup configure_first(SessionState &session);

/// What the plugin says of a parameter. While the session is made the first description of each counts; later
/// ones are only checked. @throws Error invalid_argument | not_found | plugin
void describe_param(SessionState &session, const mirra_param_info &info);

} // namespace mirra::host
