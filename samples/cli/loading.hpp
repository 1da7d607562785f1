// Makes engines so that a plugin which ends or blocks the program while it is loaded is named.
#pragma once

#include "handles.hpp"

namespace mirra::cli {

/// An engine of all plugins. If the program dies while one of them is loaded, or is ended because it hangs, a
/// last line on the standard error names its file.
/// @param flags  MIRRA_ISOLATION_PROCESS: such a plugin is passed over instead
Engine make_engine(mirra_engine_flags flags = 0);

} // namespace mirra::cli
