// How well the methods find synthetic defects on held-out good pictures.
#include "core/random.hpp"
#include "data/pasted_defects.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/anomaly_methods.hpp"
#include "eval/anomaly_scoring.hpp"
#include "log/log.hpp"
#include "tasks/anomaly_calibration.hpp"
#include "tasks/segmentation.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kSalt = 0x747269616c;
constexpr std::int64_t kMostPictures = 100, kMostOfSearch = 10;

/// With 8 bits, as files have it.
image::Image to_image(const FloatPicture &picture) {
    constexpr float kFullRange = 255;
    image::Image out(picture.width, picture.height, 3, image::SampleType::u8);
    std::ranges::transform(picture.values, out.bytes().begin(), [](float value) {
        return static_cast<std::byte>(std::lround(kFullRange * std::clamp(value, 0.0F, 1.0F)));
    });
    return out;
}

FloatPicture to_picture(const std::vector<std::uint8_t> &pixels, std::int32_t extent) {
    FloatPicture out{extent, extent, {}};
    for (const auto value : pixels) out.values.push_back(static_cast<float>(value) / 255.0F);
    return out;
}

/// The same pictures for all methods.
class Trial {
  public:
    Trial(const AnomalyTraining &training, std::int32_t extent)
        : extent_(extent)
        , seed_(training.settings.generator.seed ^ kSalt)
        , pixels_(square_pixels(*training.pictures.normal, extent, kMostPictures))
        , paster_(pixels_, extent, extent, {}) {}

    void run(AnomalyScorer &scorer, CalibratedMethod &method) const {
        const auto most = method.name == kLatentSearch ? kMostOfSearch : kMostPictures;
        const auto count = std::min<std::int64_t>(most, std::ssize(pixels_));
        for (std::int64_t i = 0; i < count; ++i) {
            const auto good = to_picture(pixels_[static_cast<std::size_t>(i)], extent_);
            const auto kind = kDefectKinds[static_cast<std::size_t>(i) % kDefectKinds.size()];
            method.whole.push_back(scorer.score(to_image(good)));
            // One as the network was taught, and one of another maker's.
            method.defective.push_back(scorer.score(to_image(paster_.with_defect(i, seed_).picture)));
            method.defective.push_back(scorer.score(
                to_image(add_defect(good, kind, seed_ ^ static_cast<std::uint64_t>(i)).picture)));
        }
    }

  private:
    std::int32_t extent_;
    std::uint64_t seed_;
    std::vector<std::vector<std::uint8_t>> pixels_;
    DefectPaster paster_;
};

} // namespace

void try_on_synthetic(const std::filesystem::path &bundle, const AnomalyTraining &training,
                      std::vector<CalibratedMethod> &methods) {
    const auto &settings = training.settings;
    const auto extent =
        training.parts.segmentation ? settings.segmentation.extent : settings.generator.extent;
    const Trial trial(training, static_cast<std::int32_t>(extent));
    for (auto &method : methods) {
        if (method.name == kLatentSearch && settings.method != kLatentSearch) continue;
        log_info("trying " + method.name + " on synthetic defects");
        AnomalyScorer scorer(bundle, scorer_options(method.name, training));
        trial.run(scorer, method);
    }
}

} // namespace mirra::trainer
