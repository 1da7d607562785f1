// Bounds TOML before a parser sees it.
#pragma once

#include <string>
#include <string_view>

namespace mirra::trainer {

/// toml++ keeps a table for each part of a dotted key and walks nested ones by recursion: 500,000 dots end
/// the process. No recipe comes near these bounds.
/// @throws Error limit, naming the line
void check_toml(std::string_view text, const std::string &name);

} // namespace mirra::trainer
