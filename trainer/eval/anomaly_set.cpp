// Choosing and loading pictures.
#include "eval/anomaly_set.hpp"

#include "core/random.hpp"
#include "data/square_pictures.hpp"
#include "eval/evaluation_pictures.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <filesystem>

namespace mirra::trainer {
namespace {

/// `count` of them, evenly spaced; all where there are no more or count is 0.
std::vector<std::int64_t> spaced(const std::vector<std::int64_t> &all, std::int64_t count) {
    const auto size = static_cast<std::int64_t>(all.size());
    if (count <= 0 || count >= size) return all;
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(all[static_cast<std::size_t>(i * size / count)]);
    return out;
}

std::vector<std::int64_t> all_of(const ClassSet &set) {
    std::vector<std::int64_t> out(static_cast<std::size_t>(set.size()));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int64_t>(i);
    return out;
}

/// How many pictures each class gives.
std::vector<std::int64_t> shares(std::size_t classes, std::size_t normal, std::int64_t count) {
    std::vector<std::int64_t> out(classes, 0);
    if (count == 0) return out;
    const auto others = static_cast<std::int64_t>(classes) - 1;
    out[normal] = count / 2;
    std::int64_t left = count - count / 2, place = 0;
    for (std::size_t label = 0; label < classes; ++label)
        if (label != normal) out[label] = left / others + (place++ < left % others ? 1 : 0);
    return out;
}

} // namespace

AnomalySet AnomalySet::one_class(std::shared_ptr<ClassSet> pictures, std::int32_t normal,
                                 std::int64_t count) {
    const auto &classes = pictures->classes();
    std::vector<std::vector<std::int64_t>> members(classes.size());
    for (std::int64_t i = 0; i < pictures->size(); ++i)
        members[static_cast<std::size_t>(pictures->label(i))].push_back(i);
    const auto wanted = shares(classes.size(), static_cast<std::size_t>(normal), count);
    AnomalySet out;
    for (std::size_t label = 0; label < classes.size(); ++label) {
        if (count > 0 && wanted[label] == 0) continue;
        for (const auto index : spaced(members[label], wanted[label]))
            out.entries_.push_back({pictures.get(), index, static_cast<std::int32_t>(label) != normal,
                                    classes[label], std::to_string(index)});
    }
    out.sets_ = {std::move(pictures)};
    return out;
}

AnomalySet AnomalySet::good_and_bad(std::shared_ptr<ClassSet> good, std::shared_ptr<ClassSet> bad,
                                    std::int64_t count) {
    AnomalySet out;
    for (const auto &[set, anomalous] : {std::pair(good, false), std::pair(bad, true)})
        for (const auto index : spaced(all_of(*set), count))
            out.entries_.push_back({set.get(), index, anomalous,
                                    std::filesystem::path(set->name(index)).filename().string(),
                                    (anomalous ? "bad " : "good ") + std::to_string(index)});
    out.sets_ = {std::move(good), std::move(bad)};
    return out;
}

std::optional<FloatPicture> AnomalySet::get(std::size_t index, std::int64_t extent) const {
    const auto &entry = entries_[index];
    const auto found = entry.set->get(entry.index);
    if (found.index != entry.index) return std::nullopt;
    return to_float(squared(*found.picture, extent));
}

std::uint64_t AnomalySet::fingerprint() const {
    std::uint64_t hash = 0;
    for (const auto &set : sets_) hash = mix(hash ^ set->fingerprint());
    return hash;
}

} // namespace mirra::trainer
