// Texts of plugins, as the C interface promises them.
#pragma once

#include <string>

namespace mirra::host {

/// The text with U+FFFD in place of what is no UTF-8.
std::string as_utf8(std::string text);

} // namespace mirra::host
