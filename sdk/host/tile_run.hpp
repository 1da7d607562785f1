// One run of a session: tile by tile through the plugin.
#pragma once

#include "budget.hpp"

namespace mirra::host {

/// Checks the request against the task's ports and does it. Called by one thread at a time per session.
/// @throws Error invalid_argument | mismatch | budget | cancelled | …
std::shared_ptr<const RunResult> run_session(SessionState &session, const RunRequest &request);

/// What is known when a plugin is asked what it needs.
struct Occasion {
    std::int32_t width = 0, height = 0;  ///< of the image; 0: none is known
    const RunRequest *request = nullptr; ///< null: no run is being prepared
};

/// Asks the plugin what it needs with the parameters as they are.
Setup configure(SessionState &session, const Occasion &occasion);

} // namespace mirra::host
