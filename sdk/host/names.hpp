// Lists of names in messages, and what was probably meant by a wrong name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mirra::host {

/// "a, b, c"
std::string joined(const std::vector<std::string> &names);
/// "Did you mean 'denoise'? ", or nothing where none is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string> &names);

} // namespace mirra::host
