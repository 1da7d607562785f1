// mirra-train report: a page about a finished training.
#pragma once

#include "report/encoder_findings.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Writes the page, one file that needs no other. @throws Error; Interrupted after Ctrl-C, before it writes
void write_report(const EncoderReport &report);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_report_command(CLI::App &app, int &status);

} // namespace mirra::trainer
