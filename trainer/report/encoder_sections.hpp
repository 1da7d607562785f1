// The parts of an encoder's report.
#pragma once

#include "eval/masking.hpp"
#include "report/adversarial_examples.hpp"
#include "report/finished_run.hpp"
#include "report/html.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Title and the accuracies. @param masking  warns when signs were found
Html verdict_section(const FinishedRun &run, const std::optional<MaskingReport> &masking);
Html curves_section(const FinishedRun &run);
Html examples_section(const AdversarialExamples &examples);
Html masking_section(const MaskingReport &report, const Budget &budget);
/// @param skipped  pictures that the report itself could not read
Html settings_section(const FinishedRun &run, const std::vector<std::string> &skipped);

} // namespace mirra::trainer
