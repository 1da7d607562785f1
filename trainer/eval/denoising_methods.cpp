// Opening bundles, and the baselines.
#include "eval/denoising_methods.hpp"

#include "eval/baselines.hpp"
#include "eval/encoder_origin.hpp"
#include "eval/evaluation_pictures.hpp"
#include "eval/picture_network.hpp"

#include <algorithm>
#include <memory>

namespace mirra::trainer {
namespace {

constexpr double kFullRange = 255;

/// The file's name; its path where two bundles have the same.
std::string name_of(const std::filesystem::path &bundle, const std::vector<std::filesystem::path> &all) {
    const auto same = [&](const auto &other) { return other.stem() == bundle.stem(); };
    return std::ranges::count_if(all, same) == 1 ? bundle.stem().string() : bundle.string();
}

DenoisingMethod method_of(const std::filesystem::path &path, const DenoisingEvaluation &evaluation) {
    const auto bundle = bundle::Bundle::open(path);
    const auto network = std::make_shared<const PictureNetwork>(
        *bundle, "denoiser", parse_precision(evaluation.precision), evaluation.device);
    return {.name = name_of(path, evaluation.bundles),
            .bundle = path,
            .standard = encoder_origin(bundle->manifest()).epsilon == 0.0,
            .run = [network, told = evaluation.tell_sigma](const FloatPicture &noisy, double deviation) {
                return network->run(noisy, told ? std::optional(deviation) : std::nullopt);
            }};
}

} // namespace

std::vector<DenoisingMethod> denoising_methods(const DenoisingEvaluation &evaluation) {
    std::vector<DenoisingMethod> methods;
    methods.push_back(
        {.name = kNoisyMethod, .bundle = {}, .standard = false, .run = [](const FloatPicture &noisy, double) {
             return noisy;
         }});
    for (const auto &path : evaluation.bundles) methods.push_back(method_of(path, evaluation));
    if (evaluation.compare)
        methods.push_back(
            {.name = "OpenCV NLM",
             .bundle = {},
             .standard = false,
             .run = [factor = evaluation.nlm_factor](const FloatPicture &noisy, double deviation) {
                 return non_local_means(noisy, deviation * kFullRange, factor);
             }});
    return methods;
}

} // namespace mirra::trainer
