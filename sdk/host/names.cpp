// What messages are made of.
#include "names.hpp"

#include "mirra/shortened.hpp"

#include <algorithm>
#include <numeric>

namespace mirra::host {
namespace {

/// Letters to add, to leave out, to change or to swap with their neighbour until one is the other.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> before(to.size() + 1), last(to.size() + 1), now(to.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= from.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            now[j] =
                std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, now);
    }
    return last[to.size()];
}

} // namespace

std::string with_hint(const Error &error) {
    constexpr std::size_t kMost = 4000;
    return shortened(error.hint().empty() ? error.what() : std::string(error.what()) + ". " + error.hint(),
                     kMost);
}

std::string joined(const std::vector<std::string> &names) {
    std::string text;
    for (const std::string &name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

std::string did_you_mean(std::string_view wrong, const std::vector<std::string> &names) {
    constexpr std::size_t kLongest = 64; // names have at most 63 letters
    if (wrong.size() > kLongest) return {};
    const std::string *nearest = nullptr;
    std::size_t least = std::max<std::size_t>(1, wrong.size() / 3) + 1;
    for (const std::string &name : names) {
        const std::size_t away = distance(wrong, name);
        if (away >= least) continue;
        least = away;
        nearest = &name;
    }
    return nearest == nullptr ? std::string() : "Did you mean '" + *nearest + "'? ";
}

} // namespace mirra::host
