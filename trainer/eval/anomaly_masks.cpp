#include "eval/anomaly_masks.hpp"

#include "core/progress.hpp"
#include "data/picture_files.hpp"
#include "eval/anomaly_defects.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "eval/statistics.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <vector>

namespace mirra::trainer {
namespace {

/// 1 where the mask is not black, at the extent that the heat map has.
std::vector<std::uint8_t> read_mask(const std::filesystem::path &file, std::int64_t extent) {
    const auto picture = read_rgb8(file);
    const auto bytes = picture.bytes();
    const auto width = static_cast<std::int64_t>(picture.width()),
               height = static_cast<std::int64_t>(picture.height());
    std::vector<std::uint8_t> out;
    for (std::int64_t y = 0; y < extent; ++y)
        for (std::int64_t x = 0; x < extent; ++x) {
            const auto row = (2 * y + 1) * height / (2 * extent), column = (2 * x + 1) * width / (2 * extent);
            out.push_back(bytes[static_cast<std::size_t>(3 * (row * width + column))] > std::byte{127} ? 1
                                                                                                       : 0);
        }
    return out;
}

} // namespace

MaskedPixels masked_pixels(const DetectorInfo &detector, const std::string &method,
                           const std::shared_ptr<const AnomalySet> &set, const std::filesystem::path &masks,
                           const ScoringSettings &settings) {
    const auto extent = detector.extents.at(method);
    const InterruptGuard guard;
    AnomalyScorer scorer(detector.path, scorer_options(method, settings, true));
    LabelledScores pixels;
    MaskedPixels out;
    Progress progress("pixels of " + method, static_cast<std::int64_t>(set->size()));
    for (std::size_t i = 0; i < set->size(); ++i) {
        std::vector<std::uint8_t> mask(static_cast<std::size_t>(extent * extent), 0);
        if (set->anomalous(i)) {
            const auto file = masks / std::filesystem::path(set->label(i)).replace_extension(".png");
            if (!std::filesystem::exists(file)) continue;
            mask = read_mask(file, extent);
            ++out.pictures;
        }
        const auto picture = set->get(i, extent);
        if (!picture) continue;
        add_pixels(judge(scorer, to_tensor({*picture})).heat.front(), mask, pixels);
        progress.update(static_cast<std::int64_t>(i + 1));
        if (interrupted()) throw Interrupted{};
    }
    if (pixels.anomalous.empty())
        throw Error(ErrorCode::not_found, "no bad picture has a mask there", masks.string(),
                    "--masks takes a folder with NAME.png for each picture NAME of --bad");
    out.auroc = auroc(pixels.normal, pixels.anomalous);
    return out;
}

} // namespace mirra::trainer
