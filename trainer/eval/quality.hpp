// The measurements that a manifest lists.
#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace mirra::trainer {

using Quality = nlohmann::ordered_json;

/// Manifest::quality with these measurements in the place of older ones of the same.
/// @param same  whether an old and a fresh measurement are of the same thing, whatever they found
std::string merged_quality(const std::string &old, const std::vector<Quality> &fresh,
                           const std::function<bool(const Quality &, const Quality &)> &same);

} // namespace mirra::trainer
