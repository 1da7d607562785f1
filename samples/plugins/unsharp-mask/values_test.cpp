// values_test.cpp - values FOLDER: the plugin of that folder gives what the definition of an unsharp mask
// says.
#include <mirra/mirra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace api = mirra::api;

namespace {

constexpr int kWidth = 61, kHeight = 43;

int failures = 0;

void expect(bool holds, const char *what) {
    if (holds) return;
    std::printf("FAILED: %s\n", what);
    ++failures;
}

/// Random samples; of floats also below 0 and above 1.
template<class Sample> std::vector<Sample> picture(int channels, double low, double high) {
    std::mt19937 dice(7);
    std::uniform_real_distribution<double> values(low, high);
    std::vector<Sample> samples(static_cast<std::size_t>(kWidth * kHeight * channels));
    std::generate(samples.begin(), samples.end(), [&] { return static_cast<Sample>(values(dice)); });
    return samples;
}

double at(const std::vector<float> &samples, int channels, int c, int x, int y) {
    x = std::clamp(x, 0, kWidth - 1);
    y = std::clamp(y, 0, kHeight - 1);
    return samples[static_cast<std::size_t>((y * kWidth + x) * channels + c)];
}

/// The definition, in two dimensions at once.
double sharpened(const std::vector<float> &samples, int channels, int c, int x, int y, double radius,
                 double amount, double threshold) {
    const int reach = static_cast<int>(std::ceil(3 * radius));
    double sum = 0, weights = 0;
    for (int i = -reach; i <= reach; ++i)
        for (int j = -reach; j <= reach; ++j) {
            const double weight = std::exp(-0.5 * (i * i + j * j) / (radius * radius));
            sum += weight * at(samples, channels, c, x + i, y + j);
            weights += weight;
        }
    const double value = at(samples, channels, c, x, y), difference = value - sum / weights;
    return value + amount * std::copysign(std::max(std::abs(difference) - threshold, 0.0), difference);
}

template<class Sample>
std::vector<Sample> run(const api::Engine &engine, const std::vector<Sample> &samples, mirra_color color,
                        const char *radius, const char *threshold, std::int32_t tile_size,
                        mirra_transfer transfer = MIRRA_TRANSFER_ENCODED) {
    api::SessionOptions options;
    options.task = "unsharp-mask";
    options.tile_size = tile_size;
    api::Session session = engine.session(options);
    session.set_text("radius", radius);
    session.set_text("threshold", threshold);
    std::vector<Sample> out(samples.size());
    api::ConstImage image(api::Span<const Sample>(samples), kWidth, kHeight, color);
    api::Image output(api::Span<Sample>(out), kWidth, kHeight, color);
    image.set_transfer(transfer);
    output.set_transfer(transfer);
    session.run({api::in("image", image), api::out("output", output)});
    return out;
}

void floats_are_those_of_the_definition(const api::Engine &engine, mirra_color color) {
    const auto samples = picture<float>(color, -0.5, 1.5);
    for (const auto &[radius, threshold] : {std::pair("0.4", "0"), {"1.5", "0.1"}, {"9", "0.02"}}) {
        const auto out = run(engine, samples, color, radius, threshold, 0);
        double furthest = 0;
        for (int y = 0; y < kHeight; ++y)
            for (int x = 0; x < kWidth; ++x)
                for (int c = 0; c < color; ++c)
                    furthest =
                        std::max(furthest, std::abs(at(out, color, c, x, y) -
                                                    sharpened(samples, color, c, x, y, std::atof(radius), 0.8,
                                                              std::atof(threshold))));
        std::printf("%d channels, radius %s: at most %.1e from the definition\n", color, radius, furthest);
        expect(furthest < 2e-6, "floats are those of the definition");
        expect(out == run(engine, samples, color, radius, threshold, 16), "tiles equal the whole");
    }
}

template<class Sample> void samples_are_those_of_floats(const api::Engine &engine, double most) {
    const auto samples = picture<Sample>(MIRRA_COLOR_RGBA, 0, most);
    std::vector<float> floats;
    for (std::size_t i = 0; i < samples.size(); ++i)
        if (i % 4 != 3) floats.push_back(static_cast<float>(samples[i] / most));
    // Where nothing shows, there is no colour: all is visible here.
    auto visible = samples;
    for (std::size_t i = 3; i < visible.size(); i += 4) visible[i] = std::max<Sample>(visible[i], 1);
    const auto out = run(engine, visible, MIRRA_COLOR_RGBA, "2", "0", 0);
    const auto expected = run(engine, floats, MIRRA_COLOR_RGB, "2", "0", 0);
    bool alpha_kept = true, colors_equal = true;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (i % 4 == 3) {
            alpha_kept &= out[i] == visible[i];
            continue;
        }
        const double wanted = std::clamp<double>(expected[i / 4 * 3 + i % 4], 0, 1) * most;
        colors_equal &= std::abs(out[i] - wanted) < 0.51;
    }
    expect(alpha_kept, "alpha is kept");
    expect(colors_equal, "integers are the floats, rounded and clipped");
}

double on_the_curve(double light) {
    return light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

void linear_light_is_sharpened_on_the_curve(const api::Engine &engine) {
    const auto light = picture<float>(MIRRA_COLOR_RGB, 0, 1);
    std::vector<float> encoded(light.size());
    std::transform(light.begin(), light.end(), encoded.begin(),
                   [](float value) { return on_the_curve(value); });
    const auto expected = run(engine, encoded, MIRRA_COLOR_RGB, "2", "0", 0);
    const auto out = run(engine, light, MIRRA_COLOR_RGB, "2", "0", 0, MIRRA_TRANSFER_LINEAR);
    double furthest = 0;
    for (std::size_t i = 0; i < out.size(); ++i)
        if (expected[i] >= 0) furthest = std::max(furthest, std::abs(on_the_curve(out[i]) - expected[i]));
    expect(furthest < 1e-5, "linear light is sharpened on the curve");
}

} // namespace

int main(int, char **arguments) {
    api::EngineOptions options;
    options.plugin_path = arguments[1];
    const api::Engine engine = api::Engine::create(options);
    floats_are_those_of_the_definition(engine, MIRRA_COLOR_GRAY);
    floats_are_those_of_the_definition(engine, MIRRA_COLOR_RGB);
    samples_are_those_of_floats<std::uint8_t>(engine, 255);
    samples_are_those_of_floats<std::uint16_t>(engine, 65535);
    linear_light_is_sharpened_on_the_curve(engine);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
