// The dialog of a filter in GIMP 2.10: a widget for each setting.
#pragma once

#include "drawable.hpp"

namespace mirra_gimp {

/// Lets the user change `values`. False if the user cancels.
bool ask(const mirra_filters::Filter &filter, mirra_filters::Values &values, Drawable drawable);

} // namespace mirra_gimp
