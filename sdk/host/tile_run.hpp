// One run of a session: tile by tile through the plugin.
#pragma once

#include "session_state.hpp"

namespace mirra::host {

/// Checks the request against the task's ports and does it. Called by one thread at a time per session.
/// @throws Error invalid_argument | mismatch | budget | cancelled | …
std::shared_ptr<const RunResult> run_session(SessionState &session, const RunRequest &request);

} // namespace mirra::host
