// The runtime over LibTorch, for those that link it statically (the trainer) and for the module's entry.
#pragma once

#include "mirra/runtime.hpp"

namespace mirra::runtime {

/// The one runtime of the process.
Module &torch_module();

} // namespace mirra::runtime
