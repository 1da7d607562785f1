// The table of a task's runs as CSV (RFC 4180).
#pragma once

#include "console.hpp"

#include <string>

namespace mirra::cli {

/// One row a run: input, width, height, the values that any of the runs gave, error.
/// @param results  of TaskRun::one, or {"input", "error"} of those that failed
std::string csv_table(const Json &results);

/// Writes as the library writes everything. Throws Failure (output).
void write_text(const std::string &path, const std::string &text);

} // namespace mirra::cli
