// JSON from files: bounded in depth, without duplicate keys.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace mirra::bundle {

/// @param max_depth  nesting of arrays and objects
/// @param subject    the file, for errors
/// @throws Error corrupt (not JSON, a key twice) | limit (nested too deeply)
nlohmann::json parse_strict(std::string_view text, int max_depth, const std::string &subject);

} // namespace mirra::bundle
