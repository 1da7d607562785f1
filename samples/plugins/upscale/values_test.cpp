// values_test.cpp - values FOLDER: with the bundles of bicubic.py, the plugin of that folder gives what
// bicubic interpolation is; with its own, more than that.
#include <mirra/mirra.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace api = mirra::api;

namespace {

constexpr int kWidth = 45, kHeight = 31;

int failures = 0;

void expect(bool holds, const std::string &what) {
    if (holds) return;
    std::printf("FAILED: %s\n", what.c_str());
    ++failures;
}

template<class Sample> struct Picture {
    int width, height;
    mirra_color color;
    std::vector<Sample> samples;

    Picture(int w, int h, mirra_color c)
        : width(w)
        , height(h)
        , color(c)
        , samples(static_cast<std::size_t>(w * h * c)) {}
    Sample &at(int c, int x, int y) { return samples[static_cast<std::size_t>((y * width + x) * color + c)]; }
    api::ConstImage read() const { return {api::Span<const Sample>(samples), width, height, color}; }
    api::Image write() { return {api::Span<Sample>(samples), width, height, color}; }
};

template<class Sample> Picture<Sample> random_picture(mirra_color color, double most) {
    std::mt19937 dice(7);
    std::uniform_real_distribution<double> values(0.2 * most, 0.8 * most); // the cubic overshoots
    Picture<Sample> picture(kWidth, kHeight, color);
    for (Sample &sample : picture.samples) sample = static_cast<Sample>(values(dice));
    return picture;
}

/// What a run is given besides the picture.
struct Settings {
    int scale;
    bool ensemble = false;
    std::int32_t tile_size = 0;
    double preview = 1;
};

class Upscaler {
  public:
    explicit Upscaler(std::string folder) : folder_(std::move(folder)) {
        api::EngineOptions options;
        options.plugin_path = folder_;
        engine_ = api::Engine::create(options);
    }

    template<class Sample>
    Picture<Sample> run(const Picture<Sample> &picture, const Settings &settings,
                        const std::string &bundle = {}) const {
        const auto extent = [&](int size) {
            return settings.scale * static_cast<int>(std::ceil(size * settings.preview));
        };
        Picture<Sample> out(extent(picture.width), extent(picture.height), picture.color);
        api::RunOptions options;
        options.scale = settings.preview;
        session(bundle.empty() ? "bicubic" + std::to_string(settings.scale) : bundle, settings)
            .run({api::in("image", picture.read()), api::out("output", out.write())}, options);
        return out;
    }
    api::Session session(const std::string &bundle, const Settings &settings) const {
        const api::Bundle opened = api::Bundle::open(folder_ + "/" + bundle + ".mirra");
        api::SessionOptions options;
        options.task = "upscale";
        options.bundle = &opened;
        options.tile_size = settings.tile_size;
        api::Session session = engine_.session(options);
        session.set_text("ensemble", settings.ensemble ? "true" : "false");
        return session;
    }

  private:
    std::string folder_;
    api::Engine engine_;
};

double cubic(double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// The definition, at a place of the larger picture.
double interpolated(Picture<float> &picture, int scale, int c, int x, int y) {
    const double from_x = (x + 0.5) / scale - 0.5, from_y = (y + 0.5) / scale - 0.5;
    double sum = 0;
    for (int j = static_cast<int>(std::floor(from_y)) - 1; j <= std::floor(from_y) + 2; ++j)
        for (int i = static_cast<int>(std::floor(from_x)) - 1; i <= std::floor(from_x) + 2; ++i)
            sum += cubic(from_x - i) * cubic(from_y - j) * picture.at(c, i, j);
    return sum;
}

template<class Sample> double furthest(const Picture<Sample> &a, const Picture<Sample> &b) {
    double most = 0;
    for (std::size_t i = 0; i < a.samples.size(); ++i)
        most = std::max(most, std::abs(static_cast<double>(a.samples[i]) - b.samples[i]));
    return most;
}

void values_are_those_of_the_network(const Upscaler &upscaler) {
    auto picture = random_picture<float>(MIRRA_COLOR_RGB, 1);
    for (int scale = 1; scale <= 4; ++scale) {
        auto larger = upscaler.run(picture, {scale});
        double most = 0;
        for (int y = 2 * scale; y < larger.height - 2 * scale; ++y)
            for (int x = 2 * scale; x < larger.width - 2 * scale; ++x)
                for (int c = 0; c < 3; ++c)
                    most =
                        std::max(most, std::abs(larger.at(c, x, y) - interpolated(picture, scale, c, x, y)));
        std::printf("scale %d: at most %.1e from the definition\n", scale, most);
        expect(most < 1e-5, "values are those of the network");
        for (const bool ensemble : {false, true}) {
            expect(furthest(larger, upscaler.run(picture, {scale, ensemble})) < 1e-5,
                   "all views of a network that has no direction are the same");
            expect(furthest(larger, upscaler.run(picture, {scale, ensemble, 16})) < 1e-5,
                   "tiles equal the whole");
        }
    }
}

void gray_is_gray(const Upscaler &upscaler) {
    const auto gray = random_picture<std::uint8_t>(MIRRA_COLOR_GRAY, 255);
    Picture<std::uint8_t> color(kWidth, kHeight, MIRRA_COLOR_RGB);
    for (std::size_t i = 0; i < color.samples.size(); ++i) color.samples[i] = gray.samples[i / 3];
    const auto larger = upscaler.run(gray, {2}), as_color = upscaler.run(color, {2});
    bool equal = true;
    for (std::size_t i = 0; i < larger.samples.size(); ++i)
        equal &= std::abs(larger.samples[i] - as_color.samples[3 * i]) <= 1;
    expect(equal, "gray is gray");
}

void alpha_becomes_larger_too(const Upscaler &upscaler) {
    auto picture = random_picture<std::uint16_t>(MIRRA_COLOR_RGBA, 65535);
    const auto alpha = [](double x) {
        return std::clamp(x / 20 - 0.5, 0.0, 1.0) * 65535;
    }; // from left to right
    for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x)
            picture.at(3, x, y) = static_cast<std::uint16_t>(std::lround(alpha(x)));
    for (const std::int32_t tile : {0, 16}) {
        auto larger = upscaler.run(picture, {2, false, tile});
        double most = 0;
        for (int y = 0; y < larger.height; ++y)
            for (int x = 0; x < larger.width; ++x)
                most = std::max(most, std::abs(larger.at(3, x, y) -
                                               alpha(std::clamp(x / 2.0 - 0.25, 0.0, kWidth - 1.0))));
        expect(most < 65535 / 20.0 / 2, "alpha becomes larger too");
        expect(larger.at(3, 0, 0) == 0 && larger.at(3, larger.width - 1, 0) == 65535, "its ends stay");
    }
}

void previews_are_smaller(const Upscaler &upscaler) {
    const auto picture = random_picture<std::uint8_t>(MIRRA_COLOR_RGB, 255);
    const auto preview = upscaler.run(picture, {2, false, 0, 0.5});
    expect(preview.width == 2 * 23 && preview.height == 2 * 16, "a preview has its scale");
    expect(std::all_of(preview.samples.begin(), preview.samples.end(), [](int value) { return value > 0; }),
           "all of a preview is written");
}

void a_bundle_that_does_not_fit_is_refused(const Upscaler &upscaler) {
    try {
        (void)upscaler.session("misnamed", {2});
        expect(false, "a bundle without the graph is refused");
    } catch (const api::Error &error) {
        expect(error.code() == MIRRA_E_MISMATCH &&
                   std::string(error.what()).find("upscaler") != std::string::npos,
               std::string("the error names the graph: ") + error.what());
    }
}

/// Discs of random grays over each other, with smooth edges.
Picture<float> discs(int width, int height) {
    struct Disc {
        double x, y, radius, gray;
    };
    std::mt19937 dice(7);
    std::uniform_real_distribution<double> unit(0, 1);
    std::vector<Disc> all(150);
    for (Disc &disc : all)
        disc = {unit(dice) * width, unit(dice) * height, 3 + 12 * unit(dice), 0.1 + 0.8 * unit(dice)};
    Picture<float> picture(width, height, MIRRA_COLOR_RGB);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            double value = 0.5;
            for (const Disc &disc : all) {
                const double inside = disc.radius - std::hypot(x - disc.x, y - disc.y);
                value += std::clamp(inside + 0.5, 0.0, 1.0) * (disc.gray - value);
            }
            for (int c = 0; c < 3; ++c) picture.at(c, x, y) = static_cast<float>(value);
        }
    return picture;
}

/// Half the size, by the bicubic filter that is as wide as the reduction.
Picture<float> halved(Picture<float> &picture) {
    Picture<float> half(picture.width / 2, picture.height / 2, picture.color);
    for (int y = 0; y < half.height; ++y)
        for (int x = 0; x < half.width; ++x)
            for (int c = 0; c < picture.color; ++c) {
                double sum = 0, weights = 0;
                for (int j = 2 * y - 3; j <= 2 * y + 4; ++j)
                    for (int i = 2 * x - 3; i <= 2 * x + 4; ++i) {
                        const double weight = cubic((i - 2 * x - 0.5) / 2) * cubic((j - 2 * y - 0.5) / 2);
                        sum += weight * picture.at(c, std::clamp(i, 0, picture.width - 1),
                                                   std::clamp(j, 0, picture.height - 1));
                        weights += weight;
                    }
                half.at(c, x, y) = static_cast<float>(sum / weights);
            }
    return half;
}

double psnr(Picture<float> &a, Picture<float> &b) {
    constexpr int kBorder = 6;
    double sum = 0, count = 0;
    for (int y = kBorder; y < a.height - kBorder; ++y)
        for (int x = kBorder; x < a.width - kBorder; ++x)
            for (int c = 0; c < a.color; ++c, ++count) sum += std::pow(a.at(c, x, y) - b.at(c, x, y), 2);
    return 10 * std::log10(count / sum);
}

void the_network_is_better_than_bicubic(const Upscaler &upscaler) {
    auto truth = discs(160, 120);
    const auto half = halved(truth);
    auto bicubic = upscaler.run(half, {2}), network = upscaler.run(half, {2}, "upscaler");
    auto ensemble = upscaler.run(half, {2, true}, "upscaler");
    const double plain = psnr(truth, bicubic), better = psnr(truth, network), best = psnr(truth, ensemble);
    std::printf("bicubic %.2f dB, network %.2f dB, ensemble %.2f dB\n", plain, better, best);
    expect(better >= plain + 1, "the network is better than bicubic interpolation");
    expect(best >= better, "the ensemble is no worse");
    expect(furthest(network, upscaler.run(half, {2, false, 32}, "upscaler")) < 2e-5,
           "its tiles equal the whole");
    expect(furthest(ensemble, upscaler.run(half, {2, true, 32}, "upscaler")) < 2e-5,
           "the ensemble's tiles equal the whole");
}

} // namespace

int main(int, char **arguments) {
    const Upscaler upscaler(arguments[1]);
    values_are_those_of_the_network(upscaler);
    gray_is_gray(upscaler);
    alpha_becomes_larger_too(upscaler);
    previews_are_smaller(upscaler);
    a_bundle_that_does_not_fit_is_refused(upscaler);
    the_network_is_better_than_bicubic(upscaler);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
