// mirra denoise with the bundle that ships: files, folders, limits and Ctrl-C.
#include "cli_support.hpp"

#include <mirra/mirra.h>

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace mirra::test {
namespace {

using namespace std::chrono_literals;

class CliDenoise : public testing::Test {
  protected:
    void SetUp() override {
        write_waves(clean_, 256, 192);
        ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "25", "--seed", "1"}).exit_code, 0);
    }

    [[nodiscard]] double psnr(const std::string &other) const {
        return run_cli({"compare", clean_, other, "--json"}).json()["psnr"].get<double>();
    }

    TemporaryFolder folder_;
    std::string clean_ = folder_ / "clean.png";
    std::string noisy_ = folder_ / "noisy.png";
    std::string done_ = folder_ / "done.png";
};

TEST_F(CliDenoise, RemovesNoiseAndSaysHow) {
    const Outcome run = run_cli({"denoise", noisy_, "-o", done_, "--sigma", "25", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_GT(psnr(done_), psnr(noisy_) + 6);
    const auto result = run.json()["results"][0];
    EXPECT_EQ(result["device"], "cpu");
    EXPECT_EQ(result["width"], 256);
    EXPECT_GT(result["seconds"].get<double>(), 0);
}

TEST_F(CliDenoise, FindsTheNoiseLevelByItself) {
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--sigma", "auto"}).exit_code, 0);
    EXPECT_GT(psnr(done_), psnr(noisy_) + 6);
}

TEST_F(CliDenoise, OntoItsInput) {
    const double before = psnr(noisy_);
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", noisy_, "--sigma", "25"}).exit_code, 0);
    EXPECT_GT(psnr(noisy_), before + 6);
    EXPECT_EQ(folder_.names(), (std::vector<std::string>{"clean.png", "noisy.png"}));
}

TEST_F(CliDenoise, QuietPrintsNothing) {
    const Outcome run = run_cli({"denoise", noisy_, "-o", done_, "--quiet"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out + run.err, "");
}

TEST_F(CliDenoise, WritesABeforeAfterSheet) {
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--compare", folder_ / "sheet.png"}).exit_code, 0);
    EXPECT_GE(size_of(folder_ / "sheet.png").width, 2 * 256);
}

TEST_F(CliDenoise, ABadFileDoesNotStopTheRest) {
    std::filesystem::create_directory(folder_ / "in");
    std::filesystem::copy(noisy_, folder_ / "in/a.png");
    write_text(folder_ / "in/b.png", "damaged");
    std::filesystem::copy(noisy_, folder_ / "in/c.png");
    const Outcome run = run_cli({"denoise", folder_ / "in", "-o", folder_ / "out", "--json"});
    EXPECT_EQ(run.exit_code, 1) << run.err;
    EXPECT_EQ(run.json()["done"], 2);
    EXPECT_EQ(run.json()["failed"], 1);
    EXPECT_EQ(run.json()["results"][1]["error"]["exit_code"], 3);
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out/a.png"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out/b.png"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out/c.png"));
}

TEST_F(CliDenoise, PatternsAreExpanded) {
    const Outcome run = run_cli({"denoise", folder_ / "*.png", "-o", folder_ / "out"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out/clean.png"));
    EXPECT_TRUE(std::filesystem::exists(folder_ / "out/noisy.png"));
    EXPECT_EQ(run_cli({"denoise", folder_ / "*.jpg", "-o", folder_ / "out"}).exit_code, 3);
}

TEST_F(CliDenoise, InputsMustNotShareAnOutput) {
    std::filesystem::create_directory(folder_ / "in");
    std::filesystem::copy(noisy_, folder_ / "in/noisy.png");
    EXPECT_EQ(run_cli({"denoise", noisy_, folder_ / "in/noisy.png", "-o", folder_ / "out"}).exit_code, 2);
    EXPECT_EQ(run_cli({"denoise", noisy_, clean_, "-o", done_}).exit_code, 2);
}

TEST_F(CliDenoise, MissingOrDamagedBundleAndUnknownDevice) {
    write_text(folder_ / "bad.mirra", "damaged");
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--bundle", folder_ / "no.mirra"}).exit_code, 5);
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--bundle", folder_ / "bad.mirra"}).exit_code, 5);
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--device", "abacus"}).exit_code, 5);
    EXPECT_FALSE(std::filesystem::exists(done_));
}

TEST_F(CliDenoise, AnEnvironmentThatAsksForTooManyThreadsDoesNoHarm) {
    setenv("OMP_NUM_THREADS", "100000", 1);
    const Outcome run = run_cli({"denoise", noisy_, "-o", done_});
    unsetenv("OMP_NUM_THREADS");
    EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(CliDenoise, TooSmallAMemoryLimitNamesTheBytes) {
    const Outcome run = run_cli({"denoise", noisy_, "-o", done_, "--memory-limit", "1", "--json"});
    EXPECT_EQ(run.exit_code, 6) << run.err;
    EXPECT_EQ(run.json()["error"]["code"], "budget");
    EXPECT_FALSE(std::filesystem::exists(done_));
}

TEST_F(CliDenoise, CtrlCLeavesNoFileBehind) {
    const std::string big = folder_ / "big.png";
    write_waves(big, 2400, 2000);
    const Outcome run = run_cli({"denoise", big, "-o", done_, "--tile-size", "128", "--threads", "1"},
                                Signal{SIGINT, 1500ms});
    EXPECT_EQ(run.exit_code, 130) << run.err;
    EXPECT_EQ(folder_.names(), (std::vector<std::string>{"big.png", "clean.png", "noisy.png"}));
}

/// Samples of a gray picture of 16 bits.
std::vector<std::uint16_t> read_wide(const std::string &path) {
    mirra_picture *picture = nullptr;
    EXPECT_EQ(MIRRA_OK, mirra_image_read(path.c_str(), nullptr, &picture, nullptr));
    MIRRA_STRUCT(mirra_image, view);
    EXPECT_EQ(MIRRA_OK, mirra_picture_view(picture, &view, nullptr));
    EXPECT_EQ(MIRRA_FORMAT_U16, view.format);
    EXPECT_EQ(MIRRA_COLOR_GRAY, view.color);
    const auto *first = static_cast<const std::uint16_t *>(view.planes[0].data);
    std::vector<std::uint16_t> samples(first, first + std::ptrdiff_t{view.width} * view.height);
    mirra_picture_destroy(picture);
    return samples;
}

/// Dark to light along the rows.
std::vector<std::uint16_t> write_gradient(const std::string &path, int width, int height) {
    std::vector<std::uint16_t> samples;
    for (int i = 0; i < width * height; ++i)
        samples.push_back(static_cast<std::uint16_t>(4000 + i % width * 57000 / width + i / width));
    MIRRA_STRUCT(mirra_image, image);
    image.width = width;
    image.height = height;
    image.format = MIRRA_FORMAT_U16;
    image.color = MIRRA_COLOR_GRAY;
    image.flags = MIRRA_IMAGE_PACKED;
    image.plane_count = 1;
    image.planes[0].data = samples.data();
    EXPECT_EQ(MIRRA_OK, mirra_image_write(path.c_str(), &image, nullptr, nullptr, nullptr));
    return samples;
}

TEST_F(CliDenoise, SixteenBitsStaySixteen) {
    const std::string wide = folder_ / "wide.png";
    const auto samples = write_gradient(wide, 320, 96);
    for (const char *transfer : {"auto", "linear"}) {
        ASSERT_EQ(
            run_cli({"denoise", wide, "-o", done_, "--strength", "0", "--transfer", transfer}).exit_code, 0);
        EXPECT_EQ(samples, read_wide(done_)) << transfer;
        ASSERT_EQ(run_cli({"denoise", wide, "-o", done_, "--transfer", transfer}).exit_code, 0);
        const auto smooth = read_wide(done_);
        EXPECT_GT(std::set(smooth.begin(), smooth.end()).size(), 4096U) << transfer;
    }
}

TEST_F(CliDenoise, OddSizesAreDoneAndTilesLeaveNoSeams) {
    std::vector<std::string> whole{"denoise",       noisy_, "-o",         done_,   "--sigma",     "25",
                                   "--luminance",   "0.9",  "--detail",   "0.5",   "--precision", "fp32",
                                   "--chrominance", "0.8",  "--transfer", "linear"};
    for (const auto &[width, height] : {std::pair{1, 1}, {3, 5}, {17, 33}, {301, 203}}) {
        write_waves(clean_, width, height);
        ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "25"}).exit_code, 0);
        ASSERT_EQ(run_cli(whole).exit_code, 0);
        EXPECT_EQ(size_of(done_), (Size{width, height, MIRRA_FORMAT_U8}));
    }
    const std::string tiled = folder_ / "tiled.png";
    whole[3] = tiled;
    whole.insert(whole.end(), {"--tile-size", "264"});
    ASSERT_EQ(run_cli(whole).exit_code, 0);
    constexpr double kRounding = 65; // dB: a step of 1/255 in one sample of fifty
    EXPECT_GT(run_cli({"compare", done_, tiled, "--json"}).json()["psnr"].get<double>(), kRounding);
}

TEST_F(CliDenoise, GrayPicturesAreDenoisedAsColorOnesAre) {
    write_gradient(clean_, 192, 160);
    ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "25", "--seed", "1"}).exit_code, 0);
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_}).exit_code, 0);
    EXPECT_GT(psnr(done_), psnr(noisy_) + 6);
}

std::uint64_t profile_bytes(const std::string &path) {
    mirra_picture *picture = nullptr;
    EXPECT_EQ(MIRRA_OK, mirra_image_read(path.c_str(), nullptr, &picture, nullptr)) << path;
    MIRRA_STRUCT(mirra_picture_info, info);
    EXPECT_EQ(MIRRA_OK, mirra_picture_get_info(picture, &info, nullptr)) << path;
    mirra_picture_destroy(picture);
    return info.icc_bytes;
}

TEST_F(CliDenoise, TheProfileOfAGrayPictureIsNoneOfItsSheet) {
    const std::string profile(200, 'g');
    const std::string in = folder_ / "in.jpg", out = folder_ / "out.jpg", sheet = folder_ / "sheet.jpg";
    for (const auto color : {MIRRA_COLOR_GRAY, MIRRA_COLOR_RGB}) {
        write_samples(in, 48, 32, color, std::vector<std::uint8_t>(std::size_t{48} * 32 * color, 90),
                      profile);
        ASSERT_EQ(run_cli({"denoise", in, "-o", out, "--compare", sheet}).exit_code, 0);
        EXPECT_EQ(profile_bytes(out), profile.size());
        EXPECT_EQ(profile_bytes(sheet), color == MIRRA_COLOR_GRAY ? 0 : profile.size());
    }
}

TEST_F(CliDenoise, EveryQualityThatShipsRemovesNoise) {
    for (const char *quality : {"fast", "balanced", "best"}) {
        ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--quality", quality}).exit_code, 0) << quality;
        EXPECT_GT(psnr(done_), psnr(noisy_) + 6) << quality;
    }
}

TEST_F(CliDenoise, ANoiseMapTellsTheLevelOfEachPixel) {
    const std::string map = folder_ / "map.png";
    write_flat(map, 8, 8, 25);
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--noise-map", map}).exit_code, 0);
    const std::string stated = folder_ / "stated.png";
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", stated, "--sigma", "25"}).exit_code, 0);
    constexpr double kRounding = 55; // dB: a level of 8 bits is rounded otherwise than a stated one
    const auto same = run_cli({"compare", done_, stated, "--json"}).json();
    EXPECT_TRUE(same["equal"] == true || same["psnr"].get<double>() > kRounding) << same;
    write_flat(map, 8, 8, 2);
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--noise-map", map}).exit_code, 0);
    EXPECT_EQ(run_cli({"compare", done_, stated, "--json"}).json()["equal"], false) << "another level";
    const Outcome both = run_cli({"denoise", noisy_, "-o", done_, "--noise-map", map, "--sigma", "25"});
    EXPECT_NE(both.exit_code, 0);
    EXPECT_NE(both.err.find("leave the map out"), std::string::npos) << both.err;
}

/// Bundles are looked for in a folder first, for the time of a test.
class BundlesFrom {
  public:
    explicit BundlesFrom(const std::string &folder) {
        setenv("MIRRA_TEST_BUNDLE_PATH", (folder + ":" MIRRA_TEST_BUNDLES).c_str(), 1);
    }
    BundlesFrom(const BundlesFrom &) = delete;
    BundlesFrom &operator=(const BundlesFrom &) = delete;
    ~BundlesFrom() { unsetenv("MIRRA_TEST_BUNDLE_PATH"); }
};

TEST_F(CliDenoise, QualityChoosesTheBundle) {
    const BundlesFrom here(folder_ / "");
    const std::string other = folder_ / "other.png";
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", done_}).exit_code, 0);
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", other, "--quality", "balanced"}).exit_code, 0);
    EXPECT_EQ(run_cli({"compare", done_, other, "--json"}).json()["equal"], true);
    std::filesystem::copy(MIRRA_TEST_BUNDLES "/denoiser.mirra", folder_ / "denoiser-fast.mirra");
    ASSERT_EQ(run_cli({"denoise", noisy_, "-o", other, "--quality", "fast"}).exit_code, 0);
    EXPECT_EQ(run_cli({"compare", done_, other, "--json"}).json()["equal"], true);
    write_text(folder_ / "denoiser-best.mirra", "damaged");
    const Outcome damaged = run_cli({"denoise", noisy_, "-o", other, "--quality", "best"});
    EXPECT_EQ(damaged.exit_code, 5);
    EXPECT_NE(damaged.err.find("denoiser-best.mirra"), std::string::npos) << damaged.err;
}

TEST_F(CliDenoise, AQualityThatIsNotThereNamesThoseThatAre) {
    const BundlesFrom here(folder_ / "");
    std::filesystem::copy(MIRRA_TEST_BUNDLES "/stylizer.mirra", folder_ / "stylizer-fast.mirra");
    std::filesystem::copy(MIRRA_TEST_BUNDLES "/denoiser.mirra", folder_ / "stylizer-other.mirra");
    const Outcome run =
        run_cli({"stylize", noisy_, "-o", done_, "--style", clean_, "--quality", "best", "--json"});
    EXPECT_EQ(run.exit_code, 2) << run.err;
    const auto error = run.json()["error"];
    EXPECT_EQ(error["option"], "--quality");
    EXPECT_NE(error["hint"].get<std::string>().find("There are: fast, balanced, paper. Or put stylizer-best"),
              std::string::npos)
        << error;
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--quality", "good"}).exit_code, 2);
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--quality", ""}).exit_code, 2);
    EXPECT_EQ(run_cli({"denoise", noisy_, "-o", done_, "--quality", "fast", "--bundle", "x"}).exit_code, 2);
}

TEST_F(CliDenoise, BenchReportsStages) {
    const Outcome run = run_cli({"bench", "denoiser.mirra", "--size", "128x96", "--repeat", "2", "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto result = run.json()["results"][0];
    EXPECT_EQ(result["width"], 128);
    EXPECT_GT(result["threads"], 0);
    const auto &stages = result["stages"];
    const auto total =
        std::find_if(stages.begin(), stages.end(), [](const auto &s) { return s["stage"] == "total"; });
    ASSERT_NE(total, stages.end());
    EXPECT_GE((*total)["median_ms"], (*total)["min_ms"]);
    EXPECT_EQ((*total)["p95_ms"], (*total)["max_ms"]) << "of two runs";
    EXPECT_GE((*total)["p95_ms"], (*total)["median_ms"]);
    EXPECT_GT(result["process_peak_bytes"], 128 * 96);
}

TEST_F(CliDenoise, BenchSaysWhichShareOfThePeakANetworkReaches) {
    for (const std::vector<std::string> &what :
         {std::vector<std::string>{"--task", "denoise"}, {"--graph", "denoiser"}}) {
        std::vector<std::string> arguments{"bench", "denoiser.mirra", "--size", "256x128",     "--batch",
                                           "2",     "--repeat",       "1",      "--precision", "fp32",
                                           "--json"};
        arguments.insert(arguments.end(), what.begin(), what.end());
        const Outcome run = run_cli(arguments);
        ASSERT_EQ(run.exit_code, 0) << run.err;
        const auto result = run.json()["results"][0];
        EXPECT_GT(result["multiply_accumulates"], 2e9) << "of two pictures";
        EXPECT_GT(result["peak_multiply_accumulates_per_s"], 1e9);
        const auto &stages = result["stages"];
        const auto total =
            std::find_if(stages.begin(), stages.end(), [](const auto &s) { return s["stage"] == "total"; });
        ASSERT_NE(total, stages.end());
        const double seconds = 1e-3 * (*total)["median_ms"].get<double>();
        const double share = result["multiply_accumulates"].get<double>() / seconds /
                             result["peak_multiply_accumulates_per_s"].get<double>();
        EXPECT_NEAR(result["share_of_peak"], share, 1e-6 * share);
    }
}

TEST_F(CliDenoise, BenchLooksAtAllSizesBeforeItTimesOne) {
    const Outcome run = run_cli({"bench", "--task", "denoise", "--size", "64x64", "denoiser.mirra"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_NE(run.err.find("'denoiser.mirra' is no size (--size)"), std::string::npos) << run.err;
}

TEST_F(CliDenoise, InfoDescribesTheBundle) {
    const auto json = run_cli({"info", "denoiser.mirra", "--json"}).json();
    EXPECT_EQ(json["task"], "denoise");
    EXPECT_FALSE(json["graphs"].empty());
}

TEST_F(CliDenoise, UnknownGraphNamesThoseThatThereAre) {
    const Outcome run =
        run_cli({"graph", "denoiser.mirra", "--run", "no such", "--in", noisy_, "--out", folder_ / "y"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("It has: denoiser"), std::string::npos) << run.err;
}

} // namespace
} // namespace mirra::test
