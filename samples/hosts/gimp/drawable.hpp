// What the plug-ins for GIMP 2 and 3 share: a filter over a drawable, with GIMP's progress and undo.
#pragma once

#include <filters.hpp>

#include <libgimp/gimp.h>

namespace mirra_gimp {

#if GIMP_MAJOR_VERSION >= 3
using Drawable = GimpDrawable *;
#else
using Drawable = gint32;
#endif

/// The filters of this process. A plug-in's process ends with its call, or its dialog.
mirra_filters::Filters &filters();

/// Name of a filter's procedure.
std::string procedure_name(const mirra_filters::Filter &filter);
/// The reverse; NULL if there is none.
const mirra_filters::Filter *filter_of_procedure(const std::string &procedure);

/// Filters what is selected of a drawable, as one step of undo. GIMP ends the process where the user cancels.
/// @throws api::Error
void apply(const mirra_filters::Filter &filter, const mirra_filters::Values &values, Drawable drawable);

} // namespace mirra_gimp
