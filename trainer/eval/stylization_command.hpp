// mirra-train eval stylization: Table 9 on any pictures and bundles.
#pragma once

#include "eval/stylization.hpp"

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Prints the table and writes what is asked for.
/// @returns the process's exit status: 1 when pictures had to be skipped, 130 after Ctrl-C
/// @throws Error
int run_stylization_evaluation(const StylizationEvaluation &evaluation);

/// Adds `stylization`; `status` gets the exit status.
void add_stylization_evaluation(CLI::App &eval, int &status);

} // namespace mirra::trainer
