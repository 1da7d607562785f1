// The parts of the page about an encoder.
#pragma once

#include "eval/robustness.hpp"
#include "report/encoder_findings.hpp"
#include "report/finished_run.hpp"
#include "report/html.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Title and the accuracies. @param masking  warns when signs were found
Html verdict_section(const FinishedRun &run, const std::optional<MaskingReport> &masking);
Html encoder_curves(const FinishedRun &run);
Html examples_section(const AdversarialExamples &examples);
Html masking_section(const MaskingReport &report, const Budget &budget);

} // namespace mirra::trainer
