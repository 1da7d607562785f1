// Pairs are counted in order of the scores.
#include "eval/auroc.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace mirra::trainer {

double auroc(std::span<const double> normal, std::span<const double> anomalous) {
    if (normal.empty() || anomalous.empty()) return std::numeric_limits<double>::quiet_NaN();
    std::vector<double> sorted(normal.begin(), normal.end());
    std::ranges::sort(sorted);
    double pairs = 0;
    for (const double score : anomalous) {
        const auto [low, high] = std::ranges::equal_range(sorted, score);
        pairs += static_cast<double>(low - sorted.begin()) + static_cast<double>(high - low) / 2;
    }
    return pairs / (static_cast<double>(normal.size()) * static_cast<double>(anomalous.size()));
}

} // namespace mirra::trainer
