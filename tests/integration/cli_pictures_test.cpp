// noise, compare and sheet: the commands on pictures that need no network.
#include "cli_support.hpp"

#include <mirra/mirra.h>

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

constexpr int kWidth = 160;
constexpr int kHeight = 120;

class CliPictures : public testing::Test {
  protected:
    void SetUp() override { write_waves(clean_, kWidth, kHeight); }

    TemporaryFolder folder_;
    std::string clean_ = folder_ / "clean.png";
    std::string noisy_ = folder_ / "noisy.png";
};

TEST_F(CliPictures, NoiseHasTheAskedStrength) {
    ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "25", "--seed", "3"}).exit_code, 0);
    // 20 log10(255 / 25); the waves stay within the range, so that hardly anything is clipped.
    EXPECT_NEAR(run_cli({"compare", clean_, noisy_, "--json"}).json()["psnr"].get<double>(), 20.17, 0.3);
}

TEST_F(CliPictures, SameSeedSameNoiseOtherSeedOtherNoise) {
    const std::string again = folder_ / "again.png";
    const std::string other = folder_ / "other.png";
    ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "25", "--seed", "3"}).exit_code, 0);
    ASSERT_EQ(run_cli({"noise", clean_, "-o", again, "--sigma", "25", "--seed", "3"}).exit_code, 0);
    ASSERT_EQ(run_cli({"noise", clean_, "-o", other, "--sigma", "25", "--seed", "4"}).exit_code, 0);
    EXPECT_TRUE(run_cli({"compare", noisy_, again, "--json"}).json()["equal"]);
    EXPECT_FALSE(run_cli({"compare", noisy_, other, "--json"}).json()["equal"]);
}

TEST_F(CliPictures, NoiseOntoItsInput) {
    ASSERT_EQ(run_cli({"noise", clean_, "-o", clean_, "--sigma", "10"}).exit_code, 0);
    EXPECT_EQ(size_of(clean_), (Size{kWidth, kHeight, MIRRA_FORMAT_U8}));
    EXPECT_EQ(folder_.names(), std::vector<std::string>{"clean.png"});
}

TEST_F(CliPictures, BitDepthOfTheOutput) {
    ASSERT_EQ(run_cli({"noise", clean_, "-o", noisy_, "--sigma", "0", "--bit-depth", "16"}).exit_code, 0);
    EXPECT_EQ(size_of(noisy_), (Size{kWidth, kHeight, MIRRA_FORMAT_U16}));
    EXPECT_TRUE(run_cli({"compare", clean_, noisy_, "--json"}).json()["equal"]);
}

TEST_F(CliPictures, APictureEqualsItself) {
    const auto json = run_cli({"compare", clean_, clean_, "--json"}).json();
    EXPECT_TRUE(json["equal"]);
    EXPECT_DOUBLE_EQ(json["ssim"].get<double>(), 1.0);
    EXPECT_NE(run_cli({"compare", clean_, clean_}).out.find("SSIM 1.0000"), std::string::npos);
}

TEST_F(CliPictures, PicturesOfDifferentSizeCannotBeCompared) {
    const std::string small = folder_ / "small.png";
    write_waves(small, 40, 30);
    const Outcome run = run_cli({"compare", clean_, small, "--json"});
    EXPECT_EQ(run.exit_code, 3);
    EXPECT_EQ(run.json()["error"]["code"], "mismatch");
}

TEST_F(CliPictures, InputErrors) {
    write_text(folder_ / "text.png", "no picture at all");
    write_text(folder_ / "empty.jpg", "");
    for (const auto &input :
         {folder_ / "missing.png", folder_ / "text.png", folder_ / "empty.jpg", folder_ / ""}) {
        const Outcome run = run_cli({"noise", input, "-o", noisy_, "--sigma", "5"});
        EXPECT_EQ(run.exit_code, 3) << input << run.err;
        EXPECT_EQ(run.err.rfind("mirra: ", 0), 0U) << run.err;
    }
    EXPECT_FALSE(std::filesystem::exists(noisy_));
}

TEST_F(CliPictures, OutputErrors) {
    write_text(folder_ / "file", "");
    for (const auto &output : {folder_ / "no-folder/x.png", folder_ / "file/x.png", folder_ / "x.gif",
                               folder_ / "x", folder_ / "", std::string("/proc/x.png")}) {
        const Outcome run = run_cli({"noise", clean_, "-o", output, "--sigma", "5"});
        EXPECT_EQ(run.exit_code, 4) << output << run.err;
    }
}

TEST_F(CliPictures, SheetHoldsAllPictures) {
    const std::string sheet = folder_ / "sheet.png";
    const Outcome plain =
        run_cli({"sheet", clean_, clean_, clean_, "-o", sheet, "--label", "one", "--label", "two"});
    ASSERT_EQ(plain.exit_code, 0) << plain.err;
    const Size without_zoom = size_of(sheet);
    EXPECT_GE(without_zoom.width, 3 * kWidth);
    EXPECT_GT(without_zoom.height, kHeight);
    ASSERT_EQ(run_cli({"sheet", clean_, clean_, clean_, "-o", sheet, "--zoom"}).exit_code, 0);
    EXPECT_EQ(size_of(sheet).width, without_zoom.width);
    EXPECT_GT(size_of(sheet).height, without_zoom.height);
}

TEST_F(CliPictures, SheetRefusesMoreLabelsThanPictures) {
    EXPECT_EQ(run_cli({"sheet", clean_, "-o", folder_ / "s.png", "--label", "a", "--label", "b"}).exit_code,
              2);
}

TEST_F(CliPictures, InfoDescribesAPicture) {
    const auto json = run_cli({"info", clean_, "--json"}).json();
    EXPECT_EQ(json["width"], kWidth);
    EXPECT_EQ(json["bit_depth"], 8);
    EXPECT_EQ(json["format"], "png");
    EXPECT_TRUE(json["noise_sigma"].is_number());
}

TEST_F(CliPictures, InfoDescribesAPictureThatIsTooSmallToTellItsNoise) {
    write_flat(clean_, 40, 5, 9);
    const Outcome info = run_cli({"info", clean_, "--json"});
    EXPECT_EQ(info.json()["height"], 5) << info.out;
    EXPECT_TRUE(info.json()["noise_sigma"].is_null());
    EXPECT_EQ(run_cli({"info", clean_}).exit_code, 0);
}

} // namespace
} // namespace mirra::test
