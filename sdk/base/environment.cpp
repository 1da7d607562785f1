// The environment of a process that may be trusted with it.
#include "mirra/environment.hpp"

#include <cstdlib>

namespace mirra {

std::string environment(const char *name) {
    const char *value = ::secure_getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

} // namespace mirra
