#include "eval/anomaly_comparison.hpp"

#include "core/random.hpp"
#include "eval/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace mirra::trainer {
namespace {

using Group = std::vector<const AnomalyMeasurement *>;

/// The scores of one detector in ascending order, for the AUROC of many draws.
class Ranking {
  public:
    explicit Ranking(const std::vector<double> &scores) : scores_(scores), order_(scores.size()) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::sort(order_, {}, [&](std::size_t i) { return scores_[i]; });
    }

    /// @param times  that each picture counts, by its number
    /// @returns not a number where none of one kind counts
    [[nodiscard]] double auroc(const PairedScores &set, const std::vector<std::int32_t> &times) const {
        double below = 0, pairs = 0, anomalous = 0;
        for (std::size_t i = 0; i < order_.size();) {
            double normal_here = 0, anomalous_here = 0;
            const double score = scores_[order_[i]];
            for (; i < order_.size() && scores_[order_[i]] == score; ++i) {
                const auto each = order_[i];
                (set.anomalous[each] ? anomalous_here : normal_here) += times[set.pictures[each]];
            }
            pairs += anomalous_here * (below + normal_here / 2);
            below += normal_here;
            anomalous += anomalous_here;
        }
        return pairs / (below * anomalous);
    }

  private:
    const std::vector<double> &scores_;
    std::vector<std::size_t> order_;
};

/// The mean over the sets of what they have in a draw; not a number where one of them has nothing.
double mean_difference(const std::vector<PairedScores> &sets,
                       const std::vector<std::pair<Ranking, Ranking>> &rankings,
                       const std::vector<std::int32_t> &times) {
    double sum = 0;
    for (std::size_t i = 0; i < sets.size(); ++i)
        sum += rankings[i].first.auroc(sets[i], times) - rankings[i].second.auroc(sets[i], times);
    return sum / static_cast<double>(sets.size());
}

/// The numbers of the pictures of each kind.
std::vector<std::vector<std::size_t>> by_kind(const std::vector<std::int32_t> &kinds) {
    std::map<std::int32_t, std::vector<std::size_t>> found;
    for (std::size_t i = 0; i < kinds.size(); ++i) found[kinds[i]].push_back(i);
    std::vector<std::vector<std::size_t>> out;
    for (auto &[kind, pictures] : found) out.push_back(std::move(pictures));
    return out;
}

} // namespace

AurocDifference bootstrap_difference(const std::vector<PairedScores> &sets,
                                     const std::vector<std::int32_t> &kinds, std::uint64_t seed) {
    constexpr std::uint64_t kDraws = 1000;
    std::vector<std::pair<Ranking, Ranking>> rankings;
    for (const auto &set : sets) rankings.emplace_back(Ranking(set.scores), Ranking(set.reference));
    const auto strata = by_kind(kinds);
    std::vector<std::int32_t> times(kinds.size(), 1);
    const double value = mean_difference(sets, rankings, times);
    Statistic drawn;
    for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
        CounterRandom random(seed, draw);
        std::ranges::fill(times, 0);
        for (const auto &pictures : strata)
            for (std::size_t i = 0; i < pictures.size(); ++i)
                ++times[pictures[static_cast<std::size_t>(random.below(std::ssize(pictures)))]];
        const double difference = mean_difference(sets, rankings, times);
        if (std::isfinite(difference)) drawn.add(difference);
    }
    return {value, drawn.count() > 0 ? drawn.deviation() : 0};
}

namespace {

/// Pictures by number: the same picture has the same one in every set.
struct Numbers {
    std::map<std::string, std::size_t> pictures;
    std::map<std::string, std::int32_t> labels;
    std::vector<std::int32_t> kinds;

    std::size_t of(const AnomalySet &set, std::size_t index) {
        const auto [found, fresh] = pictures.try_emplace(set.key(index), pictures.size());
        if (fresh)
            kinds.push_back(
                labels.try_emplace(set.label(index), static_cast<std::int32_t>(labels.size())).first->second);
        return found->second;
    }
};

PairedScores paired(const AnomalyMeasurement &of, const AnomalyMeasurement &reference, Numbers &numbers) {
    PairedScores out;
    for (std::size_t i = 0; i < of.set->size(); ++i) {
        if (std::isnan(of.scores[i]) || std::isnan(reference.scores[i])) continue;
        out.pictures.push_back(numbers.of(*of.set, i));
        out.anomalous.push_back(of.set->anomalous(i));
        out.scores.push_back(of.scores[i]);
        out.reference.push_back(reference.scores[i]);
    }
    return out;
}

std::string line_over_pictures(const std::string &what, const Group &group, const Group &reference) {
    Numbers numbers;
    std::vector<PairedScores> sets;
    for (std::size_t i = 0; i < group.size(); ++i) sets.push_back(paired(*group[i], *reference[i], numbers));
    const auto found = bootstrap_difference(sets, numbers.kinds);
    return difference_line(what, found.value, found.error, "",
                           std::to_string(numbers.kinds.size()) + " pictures (bootstrap)");
}

Statistic areas(const Group &group) {
    Statistic out;
    for (const auto *measurement : group) out.add(auroc_of(measurement->labelled()).value);
    return out;
}

} // namespace

std::string comparison_lines(const std::vector<AnomalyMeasurement> &measurements) {
    const auto groups = by_method(measurements);
    std::string lines;
    for (const auto &group : groups) {
        const auto first = std::ranges::find(groups, group.front()->method,
                                             [](const Group &each) { return each.front()->method; });
        if (first->front()->model == group.front()->model || first->size() != group.size()) continue;
        const auto what =
            group.front()->model + ", " + group.front()->method + " less " + first->front()->model;
        lines += paired_line(what, differences(areas(group), areas(*first)), "", "classes") +
                 line_over_pictures(what, group, *first);
    }
    return lines;
}

} // namespace mirra::trainer
