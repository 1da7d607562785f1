// Finding.
#include "data/class_names.hpp"

#include "core/joined.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {

std::int32_t label_of(const std::vector<std::string> &classes, const std::string &name,
                      const std::string &option) {
    constexpr std::size_t kMostOfName = 40, kMostOfNames = 400;
    const auto found = std::ranges::find(classes, name);
    if (found == classes.end())
        throw Error(ErrorCode::invalid_argument,
                    "the data have no class '" + name.substr(0, kMostOfName) + "'", option,
                    "one of: " + joined(classes).substr(0, kMostOfNames));
    return static_cast<std::int32_t>(found - classes.begin());
}

} // namespace mirra::trainer
