// Merging.
#include "eval/quality.hpp"

#include <algorithm>

namespace mirra::trainer {

std::string merged_quality(const std::string &old, const std::vector<Quality> &fresh,
                           const std::function<bool(const Quality &, const Quality &)> &same) {
    auto merged = Quality::array();
    for (const auto &row : Quality::parse(old))
        if (std::ranges::none_of(fresh, [&](const Quality &each) { return same(row, each); }))
            merged.push_back(row);
    for (const auto &each : fresh) merged.push_back(each);
    return merged.dump();
}

} // namespace mirra::trainer
