// What others wrote, as far as a message has room for it.
#pragma once

#include <string>
#include <string_view>

namespace mirra {

/// The text, of which the middle is left out where it has more than `most` bytes, and the end as well where
/// `most` is small. A character of UTF-8 stays whole.
std::string shortened(std::string_view text, std::size_t most);

} // namespace mirra
