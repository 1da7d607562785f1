// Merging.
#include "eval/quality.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

/// A row of another kind, whatever it holds under the names that `same` looks at, is another measurement.
bool replaced(const Quality &row, const Quality &fresh,
              const std::function<bool(const Quality &, const Quality &)> &same) {
    try {
        return row.is_object() && same(row, fresh);
    } catch (const Quality::type_error &) {
        return false;
    }
}

} // namespace

std::string merged_quality(const std::string &old, const std::vector<Quality> &fresh,
                           const std::function<bool(const Quality &, const Quality &)> &same) {
    auto merged = Quality::array();
    for (const auto &row : Quality::parse(old))
        if (std::ranges::none_of(fresh, [&](const Quality &each) { return replaced(row, each, same); }))
            merged.push_back(row);
    for (const auto &each : fresh) merged.push_back(each);
    return merged.dump();
}

} // namespace mirra::trainer
