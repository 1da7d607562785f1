// libmirra, loaded when it is first called: the addon itself links to nothing but Node.
#pragma once

#define MIRRA_API
#include <mirra/mirra.h>

namespace mirra_node {

/// Every function of mirra.h under its own name.
struct Api {
#define MIRRA_FUNCTION(name) decltype(&::name) name;
#include "generated/functions.inc"
#undef MIRRA_FUNCTION
};

/// The library of $MIRRA_PREFIX, else of where the package was built against, else of the system's loader. It stays loaded.
/// @throws Failure if there is none
const Api &api();

} // namespace mirra_node
