// The plugin that brings the task "detect": picture -> score, probability, verdict, heat map.
#include "description.hpp"
#include "heat_map.hpp"
#include "judge.hpp"
#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace anomaly {
namespace {

/// One session's state.
class Detector {
  public:
    void configure(const Host &host, mirra_setup &setup);
    [[nodiscard]] Tensor process(const Host &host, const mirra_tile &, const mirra_tensor *image) const;

  private:
    void add_uses();
    [[nodiscard]] std::uint64_t extra_bytes() const;
    [[nodiscard]] std::vector<float> gather(const Host &host, const mirra_tensor *image) const;
    void set_results(const Host &host, const Judgement &judgement) const;

    Settings settings_;
    std::vector<mirra_graph_use> uses_;
};

std::int64_t group_of(const Settings &settings) {
    return std::min(settings.pictures(), largest_group(settings));
}

void Detector::add_uses() {
    const Networks &networks = settings_.networks;
    const std::int64_t group = group_of(settings_);
    const auto use = [&](const char *graph, std::int64_t height, std::int64_t width, bool gradient) {
        uses_.push_back({sizeof(mirra_graph_use), gradient ? std::uint32_t{MIRRA_GRAPH_USE_GRADIENT} : 0U,
                         graph, group, height, width});
    };
    uses_.clear();
    if (settings_.method == Method::feature_memory)
        return use(kMemory, networks.extent, networks.extent, false);
    if (settings_.method == Method::segmentation)
        return use(kSegmenter, networks.extent, networks.extent, false);
    for (const bool gradient : {false, true}) {
        if (gradient && settings_.method != Method::latent_search) break;
        use(kEncoder, networks.extent, networks.extent, gradient);
        use(networks.generator.c_str(), networks.features[2], networks.features[3], gradient);
    }
}

std::uint64_t extent_bytes(const Shape &shape) {
    return static_cast<std::uint64_t>(shape[1] * shape[2] * shape[3]) * sizeof(float);
}

/// What is held beside the networks' own.
std::uint64_t Detector::extra_bytes() const {
    constexpr std::uint64_t kCopies = 10; // tensors of one kind at a time, on the device and as values
    const Networks &networks = settings_.networks;
    const auto pictures = static_cast<std::uint64_t>(settings_.pictures());
    const auto group = static_cast<std::uint64_t>(group_of(settings_));
    const std::uint64_t picture = extent_bytes({1, kColors, networks.extent, networks.extent});
    const std::uint64_t features = // a method has those of its own, the others are empty
        extent_bytes(networks.features) + extent_bytes(networks.patches) + extent_bytes(networks.similarity) +
        (settings_.method == Method::segmentation ? picture : 0);
    const auto given = static_cast<std::uint64_t>(settings_.batch) *
                       extent_bytes({1, kColors, settings_.batch_height, settings_.batch_width});
    // Of all pictures: their values, as gathered and in the making; their heat, as values, tensor and result.
    return 3 * pictures * picture + kCopies * group * (picture + features) + 2 * given +
           (settings_.needs_heat() ? pictures * picture : 0);
}

void Detector::configure(const Host &host, mirra_setup &setup) {
    settings_ = read_settings(host);
    add_uses();
    setup.uses = uses_.data();
    setup.use_count = static_cast<std::uint32_t>(uses_.size());
    setup.flags |= MIRRA_SETUP_WHOLE_IMAGE;
    constexpr std::uint64_t kResampledBytesPerPixel = 3 * sizeof(float);
    setup.extra_bytes_per_pixel = settings_.heatmap ? kDrawingBytesPerPixel : kResampledBytesPerPixel;
    setup.extra_bytes = extra_bytes();
}

void append(const Host &host, const Tensor &tensor, std::vector<float> &values) {
    const std::vector<float> more = host.download(tensor.get());
    values.insert(values.end(), more.begin(), more.end());
}

/// The image and the further pictures at the bundle's extent.
std::vector<float> Detector::gather(const Host &host, const mirra_tensor *image) const {
    const std::int64_t extent = settings_.networks.extent;
    std::vector<float> values;
    append(host, host.resampled(image, extent, extent), values);
    if (settings_.batch == 0) return values;
    host.require_finite(kBatch, "Give RGB between 0 and 1.");
    append(host, host.resampled(host.port_tensor(kBatch).get(), extent, extent), values);
    return values;
}

void Detector::set_results(const Host &host, const Judgement &judgement) const {
    const double score = judgement.scores.front();
    const Calibration &calibration = settings_.calibration;
    host.set_result("score", score);
    if (calibration.slope && calibration.offset) {
        const double at = std::log(std::max(score, std::numeric_limits<double>::min()));
        host.set_result("probability", 1 / (1 + std::exp(-(*calibration.slope * at + *calibration.offset))));
    }
    if (calibration.threshold)
        host.set_result("verdict", std::string(score > *calibration.threshold ? "anomalous" : "normal"));
    host.set_result("method", std::string(name_of(settings_.method)));
    const std::int64_t pictures = settings_.pictures(), extent = settings_.networks.extent;
    if (settings_.scores)
        host.set_result(kScores, host.upload({judgement.scores.begin(), judgement.scores.end()}, {pictures}));
    if (settings_.heat) host.set_result(kHeat, host.upload(judgement.heat, {pictures, 1, extent, extent}));
}

Tensor Detector::process(const Host &host, const mirra_tile &, const mirra_tensor *image) const {
    const Judgement judgement = judge(host, settings_, gather(host, image));
    set_results(host, judgement);
    if (!settings_.heatmap) return {};
    const auto area = settings_.networks.extent * settings_.networks.extent;
    const auto own = plugin::part_of(judgement.heat, 0, area);
    return draw_heat(host, settings_, {own.begin(), own.end()}, image);
}

void bring_tasks(plugin::Registry &tasks) {
    tasks.require({MIRRA_PLUGIN_FUNCTION(port_alpha)}); // the last that it calls
    tasks.add<Detector>(describe_task());
}

} // namespace
} // namespace anomaly

MIRRA_PLUGIN("org.mirra.anomaly", MIRRA_VERSION_TEXT, anomaly::bring_tasks)
