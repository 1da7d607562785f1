// What a mistyped word may have meant.
#pragma once

#include <string>
#include <vector>

namespace mirra::cli {

/// "Did you mean 'denoise'? " of the candidate that is the fewest slips away; "" if none is near.
std::string suggestion(const std::string &word, const std::vector<std::string> &candidates);

} // namespace mirra::cli
