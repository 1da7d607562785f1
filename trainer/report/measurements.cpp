// Reading and choosing.
#include "report/measurements.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace mirra::trainer {
namespace {

using Json = nlohmann::json;

bool is_share(double value) {
    return value >= 0 && value <= 1;
}

std::optional<Measurement> measurement(const Json &row) {
    try {
        Measurement out{.data = row.at("data").get<std::string>(),
                        .attack = row.at("attack").get<std::string>(),
                        .budget = {row.at("norm").get<std::string>() == "linf" ? Norm::linf : Norm::l2,
                                   row.at("epsilon").get<double>()},
                        .count = row.at("count").get<std::int64_t>(),
                        .clean = row.at("clean_accuracy").get<double>(),
                        .robust = row.at("robust_accuracy").get<double>()};
        if (out.count > 0 && is_share(out.clean) && is_share(out.robust)) return out;
    } catch (const Json::exception &) { // a row of another task
        return std::nullopt;
    }
    return std::nullopt;
}

Interval interval(double share, std::int64_t count) {
    return confidence(std::llround(share * static_cast<double>(count)), count);
}

bool same(const Budget &a, const Budget &b) {
    constexpr double kRounding = 1e-6;
    return a.norm == b.norm && std::abs(a.epsilon - b.epsilon) <= kRounding * b.epsilon;
}

} // namespace

Interval Measurement::clean_interval() const {
    return interval(clean, count);
}

Interval Measurement::robust_interval() const {
    return interval(robust, count);
}

std::vector<Measurement> recorded_measurements(const std::string &quality) {
    std::vector<Measurement> out;
    const auto rows = Json::parse(quality, nullptr, false);
    if (!rows.is_array()) return out;
    for (const auto &row : rows)
        if (auto found = measurement(row)) out.push_back(std::move(*found));
    return out;
}

std::optional<Measurement> decisive(const std::vector<Measurement> &all, const std::string &attack,
                                    const Budget &budget) {
    std::vector<Measurement> fitting;
    std::ranges::copy_if(all, std::back_inserter(fitting),
                         [&](const auto &row) { return row.attack.starts_with(attack); });
    if (std::ranges::any_of(fitting, [&](const auto &row) { return same(row.budget, budget); }))
        std::erase_if(fitting, [&](const auto &row) { return !same(row.budget, budget); });
    const auto best = std::ranges::min_element(fitting, [](const auto &a, const auto &b) {
        return a.count != b.count ? a.count > b.count : a.robust < b.robust;
    });
    return best == fitting.end() ? std::nullopt : std::optional(*best);
}

} // namespace mirra::trainer
