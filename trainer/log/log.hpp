// The trainer's messages, on standard error. A target of its own: LibTorch's headers bring another fmt than
// spdlog's.
#pragma once

#include <string>

namespace mirra::trainer {

void log_info(const std::string &message);
void log_warning(const std::string &message);

/// Fixed notation with so many decimals.
std::string decimal(double value, int places);
/// The shortest text that is read back as the same number.
std::string shortest(double value);

} // namespace mirra::trainer
