// How the tensors of the authors' AlexNets are called in the wild.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mirra::trainer::importer {

inline constexpr std::string_view kEncoder = "encoder.";
inline constexpr std::string_view kGenerator = "generator.";

/// "encoder.features.N.*" and "generator.gen.N.*", as Mirra's graphs have them; nothing for what no feature
/// needs.
std::optional<std::string> rename_alexnet(std::string key);

} // namespace mirra::trainer::importer
