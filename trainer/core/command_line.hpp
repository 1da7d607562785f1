// What is the same for the command lines of all commands of mirra-train.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
} // namespace CLI

namespace mirra::trainer {

/// Completes the declared commands: real numbers are finite, threads so many as may be, those that read
/// pictures have --max-pixels, and what a command writes is none of the files that it reads.
void complete(CLI::App &app);

/// What to print of a usage error.
std::string usage_message(const CLI::App *app, const CLI::Error &error);

} // namespace mirra::trainer
