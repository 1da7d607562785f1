// What runs give besides images, as text and JSON.
#pragma once

#include "console.hpp"
#include "handles.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mirra::cli {

/// The typed values of a result by name.
std::vector<std::pair<std::string, Json>> values_of(const Result &result);
/// A value as text: "12.3", "true", "cat".
std::string value_text(const Json &value);
/// Device, precision, seconds, tiles and memory of a run.
Json run_json(const mirra_result_info &info);
/// A set of tensors as {name: [shape]}.
Json shapes_json(const Tensors &tensors);

} // namespace mirra::cli
