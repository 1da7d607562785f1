// Text from files as it may go to a terminal.
#pragma once

#include <string>
#include <string_view>

namespace mirra {

/// The text with everything that a terminal would obey instead of show written as an escape: control
/// characters
/// ("\x1b", "\n"), bytes that are no UTF-8 ("\xff") and marks that turn the direction of text ("\u202e"). All
/// else stays as it is. One line stays one line.
std::string printable(std::string_view text);
/// The same of a text of several lines, which stay lines.
std::string printable_lines(std::string_view text);

} // namespace mirra
