// The date for records.
#pragma once

#include <string>

namespace mirra::trainer {

/// The time now, "2001-02-03T04:05:06Z" (ISO 8601); its first ten characters are the date.
std::string utc_now();

} // namespace mirra::trainer
