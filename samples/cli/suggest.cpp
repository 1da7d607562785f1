// The distance of words.
#include "suggest.hpp"

#include <algorithm>

namespace mirra::cli {
namespace {

/// How many letters are to be added, left out, changed or swapped with their neighbour.
std::size_t slips(const std::string &from, const std::string &to) {
    const std::size_t width = to.size() + 1;
    std::vector<std::size_t> table((from.size() + 1) * width);
    const auto at = [&](std::size_t i, std::size_t k) -> std::size_t & { return table[i * width + k]; };
    for (std::size_t i = 0; i <= from.size(); ++i) at(i, 0) = i;
    for (std::size_t k = 0; k <= to.size(); ++k) at(0, k) = k;
    for (std::size_t i = 1; i <= from.size(); ++i) {
        for (std::size_t k = 1; k <= to.size(); ++k) {
            const std::size_t change = from[i - 1] == to[k - 1] ? 0 : 1;
            at(i, k) = std::min({at(i - 1, k) + 1, at(i, k - 1) + 1, at(i - 1, k - 1) + change});
            if (i > 1 && k > 1 && from[i - 1] == to[k - 2] && from[i - 2] == to[k - 1])
                at(i, k) = std::min(at(i, k), at(i - 2, k - 2) + 1);
        }
    }
    return table.back();
}

} // namespace

std::string suggestion(const std::string &word, const std::vector<std::string> &candidates) {
    constexpr std::size_t kLongest = 64; // of a word that somebody types
    if (word.size() > kLongest) return "";
    const std::string *nearest = nullptr;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string &candidate : candidates) {
        // What was begun is meant, however much is missing.
        const std::size_t distance =
            word.size() > 2 && candidate.starts_with(word) ? 1 : slips(word, candidate);
        if (distance >= least) continue;
        least = distance;
        nearest = &candidate;
    }
    return nearest == nullptr ? "" : "Did you mean '" + *nearest + "'? ";
}

} // namespace mirra::cli
