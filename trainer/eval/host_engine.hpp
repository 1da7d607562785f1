// A host engine inside of the trainer, so that what is measured is what hosts see.
#pragma once

#include "mirra/host.hpp"

#include <memory>

namespace mirra::trainer {

/// With the plugins and the runtime of the build or the installed tree that the program belongs to.
std::shared_ptr<host::Engine> host_engine();

} // namespace mirra::trainer
