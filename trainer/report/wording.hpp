// How reports say numbers and settings.
#pragma once

#include "attacks/attack.hpp"
#include "eval/robustness.hpp"

#include <cstdint>
#include <string>

namespace mirra::trainer {

std::string percent(double share, int places = 1); ///< "93.1 %"
std::string range(const Interval &interval);       ///< "92.6 to 93.6 %"
std::string grouped(std::int64_t number);          ///< "12,000"
std::string short_number(double value);            ///< "0.5", at most six digits
std::string ball(const Budget &budget);            ///< "ℓ2 ≤ 0.5", "ℓ∞ ≤ 8/255"
std::string attack_name(const std::string &id);    ///< "PGD-20", "AutoAttack"

} // namespace mirra::trainer
