// The tiles of a run through the plugin.
#pragma once

#include "ports.hpp"
#include "run_plan.hpp"

namespace mirra::host {

/// What a run works on, checked.
struct Work {
    const RunRequest &request;
    const CheckedRequest &checked;
    const SeenImage input;
    const DeviceImages &on_gpu;
    const Outputs &outputs;
    const Geometry &geometry;
    const RunPlan &plan;
};

/// Calls the plugin's functions for a whole run. By one thread at a time per session.
/// @throws Error plugin | budget | cancelled | …
void run_tiles(SessionState &session, const Work &work, RunResult &result);

} // namespace mirra::host
