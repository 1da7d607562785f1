#include "eval/anomaly_scoring.hpp"

#include "core/progress.hpp"
#include "core/random.hpp"
#include "core/text.hpp"
#include "data/picture_files.hpp"
#include "eval/classifier.hpp"
#include "eval/evaluation.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>

namespace mirra::trainer {
namespace {

host::HostTensor to_host(const torch::Tensor &tensor) {
    const auto values = tensor.to(at::kCPU, at::kFloat).contiguous();
    const auto *data = values.const_data_ptr<float>();
    return {values.sizes().vec(), {data, data + values.numel()}};
}

} // namespace

AnomalyScorer::AnomalyScorer(const std::filesystem::path &bundle, const Options &options)
    : options_(options)
    , task_("detect", bundle::Bundle::open(bundle), {.device = options.device, .threads = options.threads}) {
    auto &session = task_.session();
    session.set_text("method", options.method);
    session.set("seed", static_cast<std::int64_t>(options.seed));
    if (options.iterations > 0) session.set("iterations", options.iterations);
    if (options.pixel_weight > 0) session.set("pixel_weight", options.pixel_weight);
    if (options.feature_weight > 0) session.set("feature_weight", options.feature_weight);
}

void AnomalyScorer::check() {
    const auto engine = host_engine();
    static_cast<void>(engine->task("detect"));
    const auto &runtime = engine->runtime_status();
    if (!runtime.usable)
        throw Error(ErrorCode::not_found, "pictures cannot be scored: " + runtime.reason, runtime.path,
                    "see mirra doctor");
}

/// The first picture goes in as the image, the others as its batch.
void AnomalyScorer::score_group(const torch::Tensor &pictures, AnomalyResult &out) {
    auto first = pictures[0].permute({1, 2, 0}).to(at::kCPU, at::kFloat).contiguous();
    host::RunRequest request;
    request.images["image"] =
        image::interleaved_view(reinterpret_cast<std::byte *>(first.mutable_data_ptr<float>()),
                                static_cast<std::int32_t>(first.size(1)),
                                static_cast<std::int32_t>(first.size(0)), 3, image::SampleType::f32);
    if (pictures.size(0) > 1) request.tensors["batch"] = to_host(pictures.slice(0, 1));
    request.wanted.insert("scores");
    if (options_.heat) request.wanted.insert("heat");
    request.progress = [](const host::Progress &) { return !interrupted(); };
    const auto result = task_.session().run(request);
    for (const float score : result->tensors.at("scores").values) out.scores.push_back(score);
    if (!options_.heat) return;
    const auto &heat = result->tensors.at("heat");
    const auto maps = torch::tensor(heat.values).view({heat.shape[0], heat.shape[2], heat.shape[3]});
    for (std::int64_t i = 0; i < maps.size(0); ++i) out.heat.push_back(maps[i]);
}

double AnomalyScorer::score(image::Image picture) {
    host::RunRequest request;
    request.images["image"] = picture.view();
    request.progress = [](const host::Progress &) { return !interrupted(); };
    return std::get<double>(task_.session().run(request)->values.at("score"));
}

AnomalyResult AnomalyScorer::score(const torch::Tensor &pictures) {
    AnomalyResult out;
    for (std::int64_t begin = 0; begin < pictures.size(0); begin += options_.batch)
        score_group(pictures.slice(0, begin, std::min(begin + options_.batch, pictures.size(0))), out);
    return out;
}

namespace {

/// `count` of them, evenly spaced; all where there are no more or count is 0.
std::vector<std::int64_t> spaced(const std::vector<std::int64_t> &all, std::int64_t count) {
    std::vector<std::int64_t> out;
    for (const auto place : spaced_places(std::ssize(all), count, 0))
        out.push_back(all[static_cast<std::size_t>(place)]);
    return out;
}

std::vector<std::int64_t> all_of(const PictureSet &set) {
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

AnomalySet AnomalySet::one_class(std::shared_ptr<PictureSet> pictures, std::int32_t normal,
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

AnomalySet AnomalySet::good_and_bad(std::shared_ptr<PictureSet> good, std::shared_ptr<PictureSet> bad,
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
        if (const auto score = number_of<double>(line.substr(comma + 1)))
            scores_[line.substr(0, comma)] = *score;
    }
}

std::optional<double> KeptScores::find(const std::string &key) const {
    const auto found = scores_.find(key);
    return found == scores_.end() ? std::nullopt : std::optional(found->second);
}

void KeptScores::save() const {
    if (file_.empty()) return;
    std::error_code error; // another evaluation may have made the folder, and removed it while it was empty
    std::filesystem::create_directories(file_.parent_path(), error);
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
