// What messages are made of: lists of names, what was probably meant by a wrong one, hints.
#pragma once

#include "mirra/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mirra::host {

/// "a, b, c"
std::string joined(const std::vector<std::string> &names);
/// "Did you mean 'denoise'? ", or nothing where none is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string> &names);
/// What is wrong and what to do, in one text.
std::string with_hint(const Error &error);

} // namespace mirra::host
