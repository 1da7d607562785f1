// mirra-train eval: the paper's tables for bundles of every task.
#pragma once

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Adds `eval` with its subcommands; `status` gets the exit status: 1 when pictures had to be skipped.
void add_eval_command(CLI::App &app, int &status);

} // namespace mirra::trainer
