// Looks for the picture with wanted features: gradient descent (Adam) over its pixels.
#include "descent.hpp"

#include "description.hpp"
#include "mirra/mirra_plugin.hpp"

#include <algorithm>
#include <cmath>

namespace inverter {
namespace {

constexpr std::int64_t kPreviewEvery = 10;

std::vector<float> gray_with_noise(std::size_t count, std::uint64_t seed) {
    constexpr double kGray = 0.5, kSpread = 0.2;
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i)
        values[i] = static_cast<float>(kGray + kSpread * (plugin::unit_random(seed, i) - 0.5));
    return values;
}

class Adam {
  public:
    Adam(std::size_t count, double rate) : rate_(rate), mean_(count), square_(count) {}

    void step(std::vector<float> &x, const std::vector<float> &gradient) {
        constexpr double kMean = 0.9, kSquare = 0.999;
        constexpr float kTiny = 1e-12F; // gradients of a pixel are small where there are many
        ++steps_;
        const auto grown = static_cast<float>(rate_ / (1 - std::pow(kMean, steps_)));
        const auto spread = static_cast<float>(1 / (1 - std::pow(kSquare, steps_)));
        for (std::size_t i = 0; i < x.size(); ++i) {
            mean_[i] += static_cast<float>(1 - kMean) * (gradient[i] - mean_[i]);
            square_[i] += static_cast<float>(1 - kSquare) * (gradient[i] * gradient[i] - square_[i]);
            const float change = grown * mean_[i] / (std::sqrt(spread * square_[i]) + kTiny);
            x[i] = std::clamp(x[i] - change, 0.0F, 1.0F);
        }
    }

  private:
    double rate_;
    int steps_ = 0;
    std::vector<float> mean_, square_;
};

/// Says when the loss no longer falls.
class Plateau {
  public:
    Plateau(std::int64_t patience, double tolerance) : patience_(patience), tolerance_(tolerance) {}

    bool reached(double loss) {
        if (first_ || loss < reference_ * (1 - tolerance_)) {
            reference_ = loss;
            waited_ = 0;
            first_ = false;
        } else {
            ++waited_;
        }
        return waited_ >= patience_ || !std::isfinite(loss) || loss == 0;
    }

  private:
    std::int64_t patience_, waited_ = 0;
    double tolerance_, reference_ = 0;
    bool first_ = true;
};

/// The loss of an image and, as the function's gradient, what to descend along.
class Distance {
  public:
    Distance(const Host &host, const std::string &encoder, const std::string &layer, const Tensor &target)
        : host_(host)
        , encoder_(encoder)
        , layer_(layer)
        , target_(target) {
        const double norm = host.sum(host.binary(MIRRA_BINARY_MULTIPLY, target.get(), target.get()).get());
        scale_ = norm > 0 ? 1 / norm : 1; // all features edited away: the plain distance
    }

    /// @param loss  receives ||f(x) - target||^2 / ||target||^2
    [[nodiscard]] Tensor gradient(const Tensor &x, double &loss) const {
        return host_.gradient(encoder_, kImage, x.get(), layer_, [&](const mirra_tensor *features) {
            const Tensor difference = host_.binary(MIRRA_BINARY_SUBTRACT, features, target_.get());
            loss = scale_ *
                   host_.sum(host_.binary(MIRRA_BINARY_MULTIPLY, difference.get(), difference.get()).get());
            return host_.scaled(difference.get(), 2 * scale_);
        });
    }

  private:
    const Host &host_;
    const std::string &encoder_, &layer_;
    const Tensor &target_;
    double scale_ = 1;
};

} // namespace

Descent descend(const Host &host, const DescentSettings &settings, const std::string &encoder,
                const std::string &layer, const Tensor &target, const Shape &image_shape) {
    const std::vector<std::int64_t> shape(image_shape.begin(), image_shape.end());
    const auto count = static_cast<std::size_t>(shape[0] * shape[1] * shape[2] * shape[3]);
    const Distance distance(host, encoder, layer, target);
    std::vector<float> x = gray_with_noise(count, settings.seed);
    std::vector<float> best = x, slope(count);
    Adam adam(count, settings.rate);
    Plateau plateau(settings.patience, settings.tolerance);
    Descent result;
    for (std::int64_t i = 0; i < settings.iterations; ++i) {
        host.progress(static_cast<double>(i) / static_cast<double>(settings.iterations));
        const Tensor image = host.upload(x, shape);
        if (i > 0 && i % kPreviewEvery == 0) host.preview(image);
        double loss = 0;
        const Tensor gradient = distance.gradient(image, loss);
        if (i == 0 && !std::isfinite(loss))
            host.fail(MIRRA_E_INVALID_ARGUMENT, "the distance to the wanted features is no finite number",
                      kFeaturesIn, "Check the features that were given.");
        if (i == 0 || loss < result.best_loss) {
            result.best_loss = loss;
            best = x;
        }
        result.loss.push_back(static_cast<float>(loss));
        if (plateau.reached(loss)) break;
        host.download(gradient, slope);
        adam.step(x, slope);
    }
    result.image = host.upload(best, shape);
    return result;
}

} // namespace inverter
