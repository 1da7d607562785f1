// JSON from files with its members in order, read in linear time.
#pragma once

#include "console.hpp"

#include <string_view>

namespace mirra::cli {

/// nlohmann's own parser looks each member up among those before it, which takes quadratic time. For texts
/// whose keys are known to differ, as those of the library are. Throws Json::exception.
Json parse_ordered(std::string_view text);

} // namespace mirra::cli
