// Parameter values: checking, parsing, defaults from a manifest, the C form.
#pragma once

#include "mirra/host.hpp"
#include "mirra/mirra.h"

namespace mirra::host {

[[nodiscard]] inline bool is_number(const mirra_param_info &parameter) noexcept {
    return parameter.type == MIRRA_TYPE_INT || parameter.type == MIRRA_TYPE_FLOAT;
}
/// Of a parameter of a TaskInfo.
Value default_of(const mirra_param_info &parameter);
/// The value as the parameter keeps it (an integer for a real becomes real). @throws Error invalid_argument
Value accept(const mirra_param_info &parameter, const Value &value);
/// From text as a person writes it. @throws Error invalid_argument
Value parse(const mirra_param_info &parameter, std::string_view text);
/// A default of a manifest's `defaults` object, if it has one of a plain type. @throws Error corrupt
std::optional<Value> manifest_default(const std::string &defaults_json, const std::string &name);

/// @throws Error invalid_argument (unknown type, text is NULL)
Value from_c(const mirra_value &value, const char *name);
/// Text points into `value`. type: that of the parameter, MIRRA_TYPE_*, or 0 where there is none. A number
/// that stands at one of its texts is an ENUM.
mirra_value to_c(const Value &value, std::int32_t type = 0) noexcept;

} // namespace mirra::host
