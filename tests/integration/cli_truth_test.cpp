// What a picture shows is true: without noise it stays what it is, and what is hidden under alpha 0 plays no
// part. With the bundles that ship.
#include "cli_support.hpp"

#include <mirra/mirra.h>

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace mirra::test {
namespace {

using Samples = std::vector<std::uint8_t>;

/// Samples of 8 bits of a picture file, interleaved.
Samples read_samples(const std::string &path) {
    mirra_picture *picture = nullptr;
    EXPECT_EQ(mirra_image_read(path.c_str(), nullptr, &picture, nullptr), MIRRA_OK) << path;
    MIRRA_STRUCT(mirra_image, image);
    EXPECT_EQ(mirra_picture_view(picture, &image, nullptr), MIRRA_OK);
    EXPECT_EQ(image.format, MIRRA_FORMAT_U8);
    const auto row = static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.color);
    Samples samples;
    for (std::int32_t y = 0; y < image.height; ++y) {
        const auto *first =
            static_cast<const std::uint8_t *>(image.planes[0].data) + y * image.planes[0].row_stride;
        samples.insert(samples.end(), first, first + row);
    }
    mirra_picture_destroy(picture);
    return samples;
}

int largest_difference(const Samples &a, const Samples &b) {
    EXPECT_EQ(a.size(), b.size());
    int most = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        most = std::max(most, std::abs(int{a[i]} - int{b[i]}));
    return most;
}

class CliTruth : public testing::Test {
  protected:
    static constexpr int kWidth = 200, kHeight = 136;

    /// The largest change that denoising makes of a picture, RGB by its place.
    template<class Value> int change_of(int width, int height, const Value &value, const char *quality) {
        Samples samples;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                for (int c = 0; c < 3; ++c) samples.push_back(static_cast<std::uint8_t>(value(x, y, c)));
        write_samples(in_, width, height, MIRRA_COLOR_RGB, samples);
        const Outcome run = run_cli({"denoise", in_, "-o", out_, "--quality", quality});
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return largest_difference(samples, read_samples(out_));
    }

    /// A disc with noise of sigma 15, the same whatever is hidden around it.
    Samples write_cut_out(const std::string &path, std::uint8_t hidden) {
        write_waves(path, kWidth, kHeight);
        EXPECT_EQ(run_cli({"noise", path, "-o", path, "--sigma", "15", "--seed", "2"}).exit_code, 0);
        const Samples colors = read_samples(path);
        Samples samples;
        for (int y = 0; y < kHeight; ++y)
            for (int x = 0; x < kWidth; ++x) {
                const double alpha = std::clamp(60 - std::hypot(x - 90, y - 70), 0.0, 1.0);
                const auto at = static_cast<std::size_t>(3 * (y * kWidth + x));
                for (std::size_t c = 0; c < 3; ++c)
                    samples.push_back(alpha > 0 ? colors[at + c] : c == 1 ? hidden : std::uint8_t{0});
                samples.push_back(static_cast<std::uint8_t>(255 * alpha));
            }
        write_samples(path, kWidth, kHeight, MIRRA_COLOR_RGBA, samples);
        return samples;
    }

    TemporaryFolder folder_;
    std::string in_ = folder_ / "in.png", out_ = folder_ / "out.png";
};

TEST_F(CliTruth, FlatPicturesStay) {
    for (const char *quality : {"fast", "balanced", "best"})
        for (const int level : {0, 77, 255})
            EXPECT_EQ(change_of(
                          kWidth, kHeight, [&](int, int, int) { return level; }, quality),
                      0)
                << quality << ", " << level;
}

TEST_F(CliTruth, DrawingsGradientsAndTextStay) {
    const auto gradient = [](int x, int y, int c) { return c == 0 ? x : c == 1 ? y + 20 : (x + y) / 2; };
    const auto checks = [](int x, int y, int) { return (x / 8 + y / 8) % 2 == 0 ? 30 : 220; };
    const auto text = [](int x, int y, int) {
        const double to_ring = std::abs(std::hypot(x % 14 - 7, y % 20 - 5) - 3) - 1;
        const bool written = (x / 14 * 7 + y / 20 * 5) % 5 > 1;
        return static_cast<int>(255 * (1 - (written ? std::clamp(0.5 - to_ring, 0.0, 1.0) : 0)));
    };
    EXPECT_LE(change_of(kWidth, kHeight, gradient, "balanced"), 1);
    EXPECT_LE(change_of(kWidth, kHeight, checks, "balanced"), 1);
    EXPECT_LE(change_of(kWidth, kHeight, text, "balanced"), 1);
    for (const auto &[width, height] : {std::pair{1, 1}, {1, 150}, {200, 1}, {7, 9}})
        EXPECT_LE(change_of(width, height, gradient, "balanced"), 1) << width << " x " << height;
}

/// Texture as of cloth, which networks take for noise: fine, but not as fine as noise.
TEST_F(CliTruth, NoMoreIsTakenThanTheNoise) {
    const auto cloth = [](int x, int y, int c) {
        return 110 + 20 * c + 12 * std::sin(1.9 * x + 0.3 * y) * std::cos(1.3 * y) +
               8 * std::sin(0.7 * x * y);
    };
    EXPECT_LE(change_of(kWidth, kHeight, cloth, "best"), 40);
    const Outcome run = run_cli({"denoise", in_, "-o", out_, "--json"});
    const double sigma = run.json()["results"][0]["values"]["sigma_estimated"].get<double>();
    const double psnr = run_cli({"compare", in_, out_, "--json"}).json()["psnr"].get<double>();
    EXPECT_LE(255 * std::pow(10, -psnr / 20), 1.3 * sigma + 0.3);
}

TEST_F(CliTruth, HiddenColorsChangeNothingThatIsSeen) {
    const std::string other = folder_ / "other.png", other_out = folder_ / "other_out.png";
    const Samples dark = write_cut_out(in_, 0), green = write_cut_out(other, 255);
    write_waves(folder_ / "style.png", 90, 80);
    const std::vector<std::vector<std::string>> tasks = {
        {"denoise"}, {"invert"}, {"stylize", "--style", folder_ / "style.png"}};
    for (const auto &task : tasks) {
        auto one = task, two = task;
        one.insert(one.end(), {in_, "-o", out_});
        two.insert(two.end(), {other, "-o", other_out});
        ASSERT_EQ(run_cli(one).exit_code, 0) << task.front();
        ASSERT_EQ(run_cli(two).exit_code, 0) << task.front();
        const Samples a = read_samples(out_), b = read_samples(other_out);
        ASSERT_EQ(a.size(), dark.size());
        ASSERT_EQ(b.size(), dark.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
            const bool visible = dark[i | 3U] > 0;
            ASSERT_EQ(a[i], visible ? b[i] : dark[i]) << task.front() << ", sample " << i;
            if (!visible) {
                ASSERT_EQ(b[i], green[i]) << task.front() << ", sample " << i;
            }
        }
    }
}

TEST_F(CliTruth, HiddenColorsOfAStyleAreNoStyle) {
    const std::string other = folder_ / "other.png", other_out = folder_ / "other_out.png";
    write_cut_out(in_, 0);
    write_cut_out(other, 255);
    write_waves(folder_ / "content.png", 90, 80);
    ASSERT_EQ(run_cli({"stylize", folder_ / "content.png", "--style", in_, "-o", out_}).exit_code, 0);
    ASSERT_EQ(run_cli({"stylize", folder_ / "content.png", "--style", other, "-o", other_out}).exit_code, 0);
    EXPECT_EQ(read_samples(out_), read_samples(other_out));
}

/// Noise at the border of a cut-out goes as it does inside.
TEST_F(CliTruth, ACutOutHasNoFringes) {
    write_cut_out(in_, 255);
    ASSERT_EQ(run_cli({"denoise", in_, "-o", out_}).exit_code, 0);
    write_waves(folder_ / "clean.png", kWidth, kHeight);
    const Samples clean = read_samples(folder_ / "clean.png"), done = read_samples(out_);
    double border = 0, inside = 0;
    int border_count = 0, inside_count = 0;
    for (int y = 0; y < kHeight; ++y)
        for (int x = 0; x < kWidth; ++x) {
            const double depth = 60 - std::hypot(x - 90, y - 70);
            if (depth < 1) continue;
            for (std::size_t c = 0; c < 3; ++c) {
                const auto at = static_cast<std::size_t>(y * kWidth + x);
                const double error = static_cast<double>(done[4 * at + c]) - clean[3 * at + c];
                (depth < 6 ? border : inside) += error * error;
                ++(depth < 6 ? border_count : inside_count);
            }
        }
    EXPECT_LT(std::sqrt(border / border_count), 2 * std::sqrt(inside / inside_count));
    EXPECT_LT(std::sqrt(border / border_count), 6) << "of 15";
}

TEST_F(CliTruth, APictureOfWhichNothingIsVisibleCanBeLookedAt) {
    write_samples(in_, kWidth, kHeight, MIRRA_COLOR_RGBA,
                  Samples(std::size_t{4} * kWidth * kHeight, std::uint8_t{0}));
    const Outcome info = run_cli({"info", in_, "--json"});
    ASSERT_EQ(info.exit_code, 0) << info.err;
    EXPECT_TRUE(info.json()["noise_sigma"].is_null());
}

} // namespace
} // namespace mirra::test
