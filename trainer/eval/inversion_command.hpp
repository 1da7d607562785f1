// The subcommands of `eval` for inverters: inversion, scale, highres, robustness-curve, comparison.
#pragma once

namespace CLI {
class App;
}

namespace mirra::trainer {

/// `status` gets the exit status: 1 when pictures had to be skipped.
void add_inversion_evaluations(CLI::App &eval, int &status);

} // namespace mirra::trainer
