// Reading manifests of detectors, scoring with kept scores.
#include "eval/detector.hpp"

#include "core/hex.hpp"
#include "core/random.hpp"
#include "eval/interruptible.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace mirra::trainer {
namespace {

constexpr std::array kMethods{"latent-search", "reconstruction", "feature-memory"};

/// In the manifest's names.
std::string flat(std::string method) {
    std::ranges::replace(method, '-', '_');
    return method;
}

std::string settings_line(const DetectorInfo &detector, const std::string &method, const AnomalySet &set,
                          const ScoringSettings &settings) {
    const bool searches = method == kMethods.front();
    return "bundle " + detector.identity + ", " + method + ", data " + hex(set.fingerprint()) +
           (searches ? ", iterations " + std::to_string(settings.iterations) + ", seed " +
                           std::to_string(settings.seed)
                     : "");
}

} // namespace

DetectorInfo detector_info(const std::filesystem::path &path) {
    const auto bundle = bundle::Bundle::open(path);
    const auto &manifest = bundle->manifest();
    if (manifest.task != "detect")
        throw Error(ErrorCode::mismatch,
                    "no bundle of an anomaly detector: its task is '" + manifest.task.substr(0, 20) + "'",
                    path.string(), "give a bundle that mirra-train anomaly wrote");
    DetectorInfo info{.path = path,
                      .name = path.stem().string(),
                      .extent = 0,
                      .methods = {kMethods[0], kMethods[1]},
                      .thresholds = {},
                      .identity = {}};
    if (manifest.graphs.contains("memory")) info.methods.emplace_back(kMethods[2]);
    const auto defaults = nlohmann::json::parse(manifest.defaults, nullptr, false);
    if (defaults.is_object()) {
        const auto extent = defaults.find("extent");
        if (extent != defaults.end() && extent->is_number()) info.extent = extent->get<std::int64_t>();
        for (const auto &method : info.methods) {
            const auto threshold = defaults.find(flat(method) + "_threshold");
            if (threshold != defaults.end() && threshold->is_number())
                info.thresholds[method] = threshold->get<double>();
        }
    }
    if (info.extent < 1)
        throw Error(ErrorCode::mismatch, "the detector does not say its extent", path.string(),
                    "train the bundle anew");
    std::uint64_t hash = 0;
    for (const unsigned char c : manifest.defaults) hash = mix(hash ^ c);
    info.identity = bundle->sha256() + "-" + hex(hash);
    return info;
}

std::vector<std::string> methods_of(const DetectorInfo &detector, const std::vector<std::string> &asked) {
    for (const auto &method : asked) {
        if (std::ranges::find(kMethods, method) == kMethods.end())
            throw Error(ErrorCode::invalid_argument, "unknown method '" + method.substr(0, 30) + "'",
                        "--methods", "latent-search, reconstruction or feature-memory");
        if (std::ranges::find(detector.methods, method) == detector.methods.end())
            throw Error(ErrorCode::mismatch, "the detector has no " + method, detector.path.string(),
                        "train it with a memory, or name other methods");
    }
    return asked.empty() ? detector.methods : asked;
}

AnomalyScorer::Options scorer_options(const std::string &method, const ScoringSettings &settings, bool heat) {
    return {.method = method,
            .batch = settings.batch,
            .heat = heat,
            .seed = settings.seed,
            .iterations = settings.iterations,
            .threads = settings.threads,
            .device = settings.device};
}

AnomalyResult judge(AnomalyScorer &scorer, const torch::Tensor &pictures) {
    try {
        return scorer.score(pictures);
    } catch (const Error &error) {
        if (error.code() == ErrorCode::cancelled && interrupted()) throw Interrupted{};
        throw;
    }
}

AnomalyMeasurement measure(const DetectorInfo &detector, const std::string &method,
                           std::shared_ptr<const AnomalySet> set, const ScoringSettings &settings) {
    const auto file = settings.work.empty() ? std::filesystem::path()
                                            : settings.work / (detector.name + "-" + method + ".scores.csv");
    KeptScores kept(file, settings_line(detector, method, *set, settings));
    std::unique_ptr<AnomalyScorer> scorer; // made when a picture has no score yet
    const auto score = [&](const torch::Tensor &pictures) {
        if (!scorer)
            scorer = std::make_unique<AnomalyScorer>(detector.path, scorer_options(method, settings, false));
        return judge(*scorer, pictures).scores;
    };
    AnomalyMeasurement out{.model = detector.name, .class_name = {}, .method = method, .robust = {}};
    out.scores = score_pictures(
        *set, kept, score,
        {.extent = detector.extent, .batch = settings.batch, .name = "eval " + detector.name + " " + method});
    out.set = std::move(set);
    out.extent = detector.extent;
    if (const auto found = detector.thresholds.find(method); found != detector.thresholds.end())
        out.threshold = found->second;
    return out;
}

} // namespace mirra::trainer
