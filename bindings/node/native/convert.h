// The structs that the library fills, as JavaScript objects.
#pragma once

#include "js.h"
#include "library.h"

namespace mirra_node {

#include "generated/structs.inc"

} // namespace mirra_node
