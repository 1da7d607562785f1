// Parameter values: checking, parsing, defaults from a manifest, the C form.
#pragma once

#include "mirra/host.hpp"
#include "mirra/mirra.h"

namespace mirra::host {

/// The value as the parameter keeps it (an integer for a real becomes real). @throws Error invalid_argument
Value accept(const Parameter &parameter, const Value &value);
/// From text as a person writes it. @throws Error invalid_argument
Value parse(const Parameter &parameter, std::string_view text);
/// A default of a manifest's `defaults` object, if it has one of a plain type. @throws Error corrupt
std::optional<Value> manifest_default(const std::string &defaults_json, const std::string &name);

/// @throws Error invalid_argument (unknown type, text is NULL)
Value from_c(const mirra_value &value, const char *name);
/// Text points into `value`. type: that of the parameter or port, where there is one.
mirra_value to_c(const Value &value, std::optional<Type> type = std::nullopt) noexcept;

} // namespace mirra::host
