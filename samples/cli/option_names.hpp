// Which option of a command an error of the library is about.
#pragma once

#include "failure.hpp"

#include <string>

namespace CLI {
class App;
}

namespace mirra::cli {

/// Finds the option that has the failure's subject as its name (memory_limit: --memory-limit; style_2:
/// --style) or as one of the values that were given to it. The failure as it is where there is none.
Failure with_option(const CLI::App &app, const Failure &failure);

/// The option that a message of the parser begins with, as "--sigma: ..." does; "" if none.
std::string named_option(const CLI::App &app, const std::string &message);

/// "Did you mean '--sigma'? " of the first argument that the parser did not expect; "" if none is near.
std::string suggested_option(const CLI::App &app);

} // namespace mirra::cli
