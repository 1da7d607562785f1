// A run of a session, from its request to its result.
#pragma once

#include "run_plan.hpp"

namespace mirra::host {

/// What a run that makes a region of its output cuts into tiles; all of the image where the task goes over
/// it first, or reads nothing. @param region  none: all of the output
Cut cut_of(const SessionState &session, const Setup &setup, const Geometry &geometry,
           const std::optional<runtime::Rect> &region);

/// Checks the request against the task's ports and does it. Called by one thread at a time per session.
/// @throws Error invalid_argument | mismatch | budget | cancelled | …
std::shared_ptr<const RunResult> run_session(SessionState &session, const RunRequest &request);

} // namespace mirra::host
