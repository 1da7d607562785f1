// Keeping scores, and scoring what is missing.
#include "eval/anomaly_scores.hpp"

#include "core/progress.hpp"
#include "eval/interruptible.hpp"
#include "eval/picture_tensor.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>

namespace mirra::trainer {
namespace {

/// Scores that have been computed and are not kept yet.
struct Batch {
    std::vector<std::size_t> places;
    std::vector<FloatPicture> pictures;
};

void score_batch(Batch &batch, const AnomalySet &set, KeptScores &kept, const PictureScorer &scorer,
                 std::vector<double> &out) {
    if (batch.places.empty()) return;
    const auto scores = scorer(to_tensor(batch.pictures));
    for (std::size_t i = 0; i < batch.places.size(); ++i) {
        out[batch.places[i]] = scores.at(i);
        kept.add(set.key(batch.places[i]), scores[i]);
    }
    kept.save();
    batch = {};
}

} // namespace

KeptScores::KeptScores(std::filesystem::path file, std::string settings)
    : file_(std::move(file))
    , settings_(std::move(settings)) {
    if (file_.empty()) return;
    std::ifstream in(file_);
    std::string line;
    if (!std::getline(in, line) || line != "# " + settings_) return;
    std::getline(in, line); // the columns' names
    while (std::getline(in, line)) {
        const auto comma = line.find(',');
        if (comma == std::string::npos) continue;
        double score = 0;
        const auto *end = line.data() + line.size();
        const auto read = std::from_chars(line.data() + comma + 1, end, score);
        if (read.ec == std::errc() && read.ptr == end) scores_[line.substr(0, comma)] = score;
    }
}

std::optional<double> KeptScores::find(const std::string &key) const {
    const auto found = scores_.find(key);
    return found == scores_.end() ? std::nullopt : std::optional(found->second);
}

void KeptScores::save() const {
    if (file_.empty()) return;
    AtomicFile file(file_);
    file.write("# " + settings_ + "\npicture,score\n");
    char line[64];
    for (const auto &[key, score] : scores_) {
        std::snprintf(line, sizeof line, ",%.17g\n", score);
        file.write(key + line);
    }
    file.commit();
}

std::vector<double> score_pictures(const AnomalySet &set, KeptScores &kept, const PictureScorer &scorer,
                                   const ScoringRun &run) {
    std::vector<double> out(set.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < set.size(); ++i) {
        const auto score = kept.find(set.key(i));
        if (score)
            out[i] = *score;
        else
            missing.push_back(i);
    }
    if (missing.empty()) return out;
    const InterruptGuard guard;
    const auto total = static_cast<std::int64_t>(set.size());
    auto done = total - static_cast<std::int64_t>(missing.size());
    Progress progress(run.name, total, done);
    Batch batch;
    for (const auto place : missing) {
        if (auto picture = set.get(place, run.extent)) {
            batch.places.push_back(place);
            batch.pictures.push_back(std::move(*picture));
        }
        ++done;
        const bool full = static_cast<std::int64_t>(batch.places.size()) == run.batch;
        if (!full && done < total) continue;
        score_batch(batch, set, kept, scorer, out);
        progress.update(done);
        if (interrupted()) throw Interrupted{};
    }
    return out;
}

LabelledScores labelled(const AnomalySet &set, const std::vector<double> &scores) {
    LabelledScores out;
    for (std::size_t i = 0; i < set.size(); ++i)
        if (!std::isnan(scores[i])) (set.anomalous(i) ? out.anomalous : out.normal).push_back(scores[i]);
    return out;
}

} // namespace mirra::trainer
