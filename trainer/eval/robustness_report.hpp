// Robust accuracy as text and as JSON.
#pragma once

#include "eval/masking.hpp"
#include "eval/robustness.hpp"

#include <optional>

namespace mirra::trainer {

/// Prints the table, or with evaluation.json one JSON object, to standard output.
void print_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result,
                      const std::optional<MaskingReport> &masking);

} // namespace mirra::trainer
