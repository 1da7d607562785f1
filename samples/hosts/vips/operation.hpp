// One operation of libvips for each of Mirra's filters.
#pragma once

#include "filters.hpp"

namespace mirra_vips {

/// Registers the operation "mirra_NAME" for a filter; both live as long as the process.
void register_operation(mirra_filters::Filters &filters, const mirra_filters::Filter &filter);

} // namespace mirra_vips
