// What an evaluation of stylizers prints and writes as a table.
#pragma once

#include "eval/stylization.hpp"

#include <string>

namespace mirra::trainer {

/// Means with their standard errors, the paper's figures beside where they are of the same setting.
std::string stylization_table(const StylizationEvaluation &evaluation, const StylizationResult &result);
/// One line a row, the layers of each column as well.
std::string stylization_csv(const StylizationEvaluation &evaluation, const StylizationResult &result);

} // namespace mirra::trainer
