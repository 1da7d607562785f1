// Settings of a filter as arguments of an operation.
#pragma once

#include "filters.hpp"

#include <vips/vips.h>

namespace mirra_vips {

/// Adds the arguments of all settings to a class. The value of the first lies `offset` bytes into an object,
/// each in kSlot bytes.
void install_arguments(VipsObjectClass *object_class, const mirra_filters::Filter &filter,
                       std::size_t offset);

constexpr std::size_t kSlot = 8;

/// What a caller has set. A number that is set beside a choice of words means that number.
mirra_filters::Values values_of(VipsObject *object, const mirra_filters::Filter &filter, std::size_t offset);

} // namespace mirra_vips
