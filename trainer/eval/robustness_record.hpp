// Measured robustness into a bundle's manifest.
#pragma once

#include "eval/robustness.hpp"

namespace mirra::trainer {

/// Replaces the manifest's row of the same data, attack, norm and epsilon. The weights are rewritten
/// unchanged.
/// @throws Error
void record_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result);

} // namespace mirra::trainer
