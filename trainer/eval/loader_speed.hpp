// mirra-train loader: how fast batches come, without a training behind them.
#pragma once

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Adds the subcommand; `status` gets the exit status: 1 when pictures had to be skipped.
void add_loader_command(CLI::App &app, int &status);

} // namespace mirra::trainer
