// Descent over features: SGD with momentum, each picture for itself.
#include "description.hpp"
#include "judge.hpp"
#include "mirra/mirra_plugin.hpp"

#include <algorithm>

namespace anomaly {
namespace {

/// Normal noise, the same for every picture.
std::vector<float> start(const Settings &settings, std::int64_t pictures) {
    const Shape &shape = settings.networks.features;
    const auto size = static_cast<std::size_t>(shape[1] * shape[2] * shape[3]);
    std::vector<float> codes(size * static_cast<std::size_t>(pictures));
    for (std::size_t i = 0; i < size; ++i)
        codes[i] = static_cast<float>(plugin::normal_random(settings.search.seed, i));
    for (std::size_t i = size; i < codes.size(); ++i) codes[i] = codes[i - size];
    return codes;
}

double rate_of(const Search &search, std::int64_t step) {
    if (search.iterations < 2) return search.rate;
    const double done = static_cast<double>(step) / static_cast<double>(search.iterations - 1);
    return search.rate + (search.final_rate - search.rate) * done;
}

/// The loss of compare_pictures() by the codes, through the generator and then the encoder.
class Slope {
  public:
    Slope(const Host &host, const Settings &settings, const Pictures &pictures, const Tensor &features)
        : host_(host)
        , settings_(settings)
        , pictures_(pictures)
        , features_(features) {}

    [[nodiscard]] Tensor at(const Tensor &codes) const {
        return host_.gradient(settings_.networks.generator, kFeatures, codes.get(), kImage,
                              [&](const mirra_tensor *made) { return of_picture(made); });
    }

  private:
    [[nodiscard]] Tensor of_picture(const mirra_tensor *made) const {
        host_.require_shape(made, host_.shape(pictures_.tensor.get()), settings_.networks.generator);
        const Tensor by_features = host_.gradient(
            kEncoder, kImage, made, settings_.networks.layer, [&](const mirra_tensor *features) {
                const Tensor difference = host_.binary(MIRRA_BINARY_SUBTRACT, features, features_.get());
                return host_.scaled(difference.get(), 2 * settings_.feature_weight);
            });
        constexpr double kSteep = 1e30; // so that the clamped line is a sign
        const Tensor difference = host_.binary(MIRRA_BINARY_SUBTRACT, made, pictures_.tensor.get());
        const Tensor by_pixels = host_.clamped(host_.scaled(difference.get(), kSteep).get(),
                                               -settings_.pixel_weight, settings_.pixel_weight);
        return host_.binary(MIRRA_BINARY_ADD, by_features.get(), by_pixels.get());
    }

    const Host &host_;
    const Settings &settings_;
    const Pictures &pictures_;
    const Tensor &features_;
};

} // namespace

Tensor search_pictures(const Host &host, const Settings &settings, const Pictures &pictures,
                       const Tensor &features, const Report &report) {
    const Search &search = settings.search;
    const Shape shape = of_group(settings.networks.features, pictures);
    const std::vector<std::int64_t> extents(shape.begin(), shape.end());
    const Slope slope(host, settings, pictures, features);
    std::vector<float> codes = start(settings, pictures.count), momentum(codes.size()), down(codes.size());
    for (std::int64_t step = 0; step < search.iterations; ++step) {
        report(static_cast<double>(step) / static_cast<double>(search.iterations));
        host.download(slope.at(host.upload(codes, extents)), down);
        const auto rate = static_cast<float>(rate_of(search, step)),
                   kept = static_cast<float>(search.momentum);
        for (std::size_t i = 0; i < codes.size(); ++i) {
            momentum[i] = kept * momentum[i] + down[i];
            codes[i] -= rate * momentum[i];
        }
    }
    // The score need not tell: kernels make zeros of what is no number (ReLU by oneDNN).
    const auto bad =
        std::find_if_not(codes.begin(), codes.end(), [](float code) { return std::isfinite(code); });
    const auto each = static_cast<std::ptrdiff_t>(codes.size() / static_cast<std::size_t>(pictures.count));
    if (bad != codes.end()) went_astray(host, pictures.first + (bad - codes.begin()) / each);
    return host.run_graph(settings.networks.generator, kFeatures, host.upload(codes, extents).get(), kImage);
}

} // namespace anomaly
