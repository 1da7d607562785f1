// The runtime over oneDNN.
#pragma once

#include "mirra/runtime.hpp"

namespace mirra::runtime {

/// One a process.
Module &onednn_module();

} // namespace mirra::runtime
