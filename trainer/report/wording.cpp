// Formatting.
#include "report/wording.hpp"

#include "log/log.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace mirra::trainer {
namespace {

constexpr double kPercent = 100;

} // namespace

std::string percent(double share, int places) {
    return decimal(kPercent * share, places) + " %";
}

std::string range(const Interval &interval) {
    return decimal(kPercent * interval.low, 1) + " to " + percent(interval.high);
}

std::string grouped(std::int64_t number) {
    constexpr std::size_t kGroup = 3;
    const auto digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > first && (digits.size() - i) % kGroup == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

std::string ball(const Budget &budget) {
    constexpr double kFullRange = 255, kRounding = 1e-3;
    const double levels = kFullRange * budget.epsilon;
    const bool whole = levels >= 1 && std::abs(levels - std::round(levels)) < kRounding;
    std::string out = budget.norm == Norm::l2 ? "ℓ2 ≤ " : "ℓ∞ ≤ ";
    if (budget.norm == Norm::linf && whole)
        out += short_number(std::round(levels)) + "/255";
    else
        out += short_number(budget.epsilon);
    return out;
}

std::string attack_name(const std::string &id) {
    if (id == "autoattack") return "AutoAttack";
    if (id == "square") return "Square";
    auto name = id;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name;
}

} // namespace mirra::trainer
