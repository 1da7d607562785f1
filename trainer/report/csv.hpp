// Fields of CSV files.
#pragma once

#include <string>

namespace mirra::trainer {

/// Quoted where it would be read as several (RFC 4180).
std::string csv_field(const std::string &text);

} // namespace mirra::trainer
