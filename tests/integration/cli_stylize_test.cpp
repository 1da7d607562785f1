// mirra stylize and style-prepare on files and folders, with a small bundle of random weights.
#include "cli_support.hpp"
#include "stylizer_bundle.hpp"

#include <mirra/mirra.h>

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

class CliStylize : public testing::Test {
  protected:
    void SetUp() override {
        write_stylizer(bundle_);
        write_waves(image_, 61, 47);
        write_waves(wave_, 90, 30);
        run_cli({"noise", wave_, "-o", ink_, "--sigma", "60"});
        write_flat(white_, 8, 8, 255);
        write_flat(black_, 8, 8, 0);
    }

    [[nodiscard]] Outcome stylize(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "stylize");
        arguments.insert(arguments.end(), {"--bundle", bundle_, "--json"});
        return run_cli(arguments);
    }
    /// The result of stylizing the image; the test goes on if there is none.
    [[nodiscard]] std::string styled(const std::string &name, const std::vector<std::string> &styles) const {
        std::vector<std::string> arguments{image_, "-o", folder_ / name};
        for (const std::string &style : styles) arguments.insert(arguments.end(), {"--style", style});
        const Outcome run = stylize(arguments);
        EXPECT_EQ(run.exit_code, 0) << run.err;
        return folder_ / name;
    }
    [[nodiscard]] Outcome prepare(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "style-prepare");
        arguments.insert(arguments.end(), {"--bundle", bundle_, "--json"});
        return run_cli(arguments);
    }
    [[nodiscard]] static nlohmann::json compared(const std::string &a, const std::string &b) {
        return run_cli({"compare", a, b, "--json"}).json();
    }
    [[nodiscard]] static bool same(const std::string &a, const std::string &b) {
        return compared(a, b)["equal"].get<bool>();
    }

    TemporaryFolder folder_;
    std::string bundle_ = folder_ / "small.mirra", image_ = folder_ / "image.png";
    std::string wave_ = folder_ / "wave.png", ink_ = folder_ / "ink.png";
    std::string white_ = folder_ / "white.png", black_ = folder_ / "black.png";
    std::string prepared_ = folder_ / "wave.safetensors";
};

TEST_F(CliStylize, AStyleChangesThePictureButNotItsSize) {
    const std::string out = styled("out.png", {wave_});
    EXPECT_EQ(size_of(out), size_of(image_));
    EXPECT_FALSE(same(out, image_));
    EXPECT_FALSE(same(out, styled("other.png", {ink_})));
}

TEST_F(CliStylize, AGrayPictureGetsTheColorsOfTheStyle) {
    write_samples(image_, 8, 6, MIRRA_COLOR_GRAY, std::vector<std::uint8_t>(8 * 6));
    const Outcome info = run_cli({"info", styled("out.png", {wave_}), "--json"});
    EXPECT_EQ(info.json()["channels"], 3) << info.out << info.err;
}

TEST_F(CliStylize, WeightsGoWithTheUseThatTheyStandIn) {
    const std::string wave = styled("wave-only.png", {wave_}), ink = styled("ink-only.png", {ink_});
    EXPECT_TRUE(same(wave, styled("a.png", {wave_ + ":3", ink_ + ":0"})));
    EXPECT_TRUE(same(ink, styled("b.png", {wave_ + ":0", ink_ + ":0.5"})));
    const std::string both = styled("c.png", {wave_ + ":1", ink_ + ":1"});
    EXPECT_FALSE(same(both, wave));
    EXPECT_FALSE(same(both, ink));
}

TEST_F(CliStylize, MasksSayWhereAStyleApplies) {
    EXPECT_TRUE(same(image_, styled("a.png", {wave_ + "@" + black_})));
    const std::string ink = styled("ink-only.png", {ink_});
    EXPECT_GT(compared(ink, styled("b.png", {wave_ + ":2@" + black_, ink_ + "@" + white_}))["psnr"], 50);
}

TEST_F(CliStylize, NamesWithTheSignsOfTheSyntaxAreNames) {
    const std::string plain = styled("plain.png", {wave_});
    for (const std::string name : {"wa@ve.png", "wave:2.png", "wave.png:3", "a@b:c@d.png"}) {
        const std::string odd = folder_ / name;
        std::filesystem::copy_file(wave_, odd);
        EXPECT_TRUE(same(plain, styled("a.png", {odd}))) << name;
        EXPECT_TRUE(same(plain, styled("b.png", {odd + ":2"}))) << name;
        EXPECT_TRUE(same(image_, styled("c.png", {odd + ":2@" + black_}))) << name;
    }
    const std::string mask = folder_ / "bl@ck:1.png";
    std::filesystem::copy_file(black_, mask);
    EXPECT_TRUE(same(image_, styled("d.png", {(folder_ / "wa@ve.png") + "@" + mask})));
}

TEST_F(CliStylize, APreparedStyleGivesTheSamePicture) {
    const Outcome run = prepare({wave_, "-o", prepared_});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto shapes = run_cli({"info", prepared_, "--json"}).json();
    EXPECT_NE(shapes.dump().find("statistics"), std::string::npos) << shapes;
    EXPECT_GT(compared(styled("a.png", {wave_}), styled("b.png", {prepared_}))["psnr"], 60);
    EXPECT_GT(
        compared(styled("c.png", {ink_, wave_ + ":3"}), styled("d.png", {ink_, prepared_ + ":3"}))["psnr"],
        60);
}

TEST_F(CliStylize, FoldersOfPicturesAndOfStyles) {
    const std::string pictures = folder_ / "pictures", styles = folder_ / "styles";
    std::filesystem::create_directory(pictures);
    write_waves(pictures + "/a.png", 30, 40);
    write_waves(pictures + "/b.png", 50, 20);
    const Outcome prepared = prepare({pictures, "-o", styles});
    ASSERT_EQ(prepared.exit_code, 0) << prepared.err;
    EXPECT_TRUE(std::filesystem::exists(styles + "/a.safetensors"));
    const Outcome run = stylize({pictures, "-o", folder_ / "out", "--style", styles + "/b.safetensors"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.json()["done"], 2);
    EXPECT_EQ(size_of(folder_ / "out/b.png"), size_of(pictures + "/b.png"));
    const Outcome missing = stylize({pictures, "-o", folder_ / "none", "--style", folder_ / "nowhere.png"});
    EXPECT_EQ(missing.exit_code, 3) << "once, not for each picture";
    EXPECT_NE(missing.json()["error"]["subject"].get<std::string>().find("nowhere.png"), std::string::npos);
}

TEST_F(CliStylize, WhatCannotBeDoneIsRefused) {
    const std::string out = folder_ / "refused.png";
    const auto refused = [&](const std::vector<std::string> &styles) {
        std::vector<std::string> arguments{image_, "-o", out};
        for (const std::string &style : styles) arguments.insert(arguments.end(), {"--style", style});
        return stylize(arguments).exit_code;
    };
    EXPECT_EQ(refused({wave_ + ":much"}), 2);
    EXPECT_EQ(refused({wave_ + ":-1"}), 2);
    EXPECT_EQ(refused({wave_ + ":"}), 2);
    EXPECT_EQ(refused({wave_, wave_, wave_, wave_, wave_}), 2);
    EXPECT_EQ(refused({folder_ / "nowhere.png"}), 3);
    EXPECT_NE(stylize({image_, "-o", out, "--style", folder_ / "."}).err.find("is a folder"),
              std::string::npos);
    const Outcome tight = stylize({image_, "-o", out, "--style", wave_, "--memory-limit", "1"});
    EXPECT_EQ(tight.exit_code, 6);
    EXPECT_NE(tight.err.find(" MiB)"), std::string::npos) << tight.err;
    EXPECT_EQ(refused({":2"}), 3);
    EXPECT_EQ(refused({wave_ + "@" + (folder_ / "nowhere.png")}), 3);
    EXPECT_EQ(refused({wave_ + ":2@" + (folder_ / "nowhere.png")}), 3);
    EXPECT_EQ(refused({wave_ + "@"}), 3);
    EXPECT_EQ(refused({bundle_}), 3) << "no picture";
    EXPECT_NE(refused({}), 0) << "no style at all";
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_EQ(stylize({image_, "-o", wave_, "--style", wave_}).exit_code, 2) << "would replace the style";
    EXPECT_EQ(prepare({wave_, "-o", folder_ / "s.bin"}).exit_code, 4);
    EXPECT_EQ(prepare({wave_, "-o", folder_ / "nowhere/s.safetensors"}).exit_code, 4);
    EXPECT_EQ(prepare({wave_}).exit_code, 2) << "no output";
}

TEST_F(CliStylize, TheHelpShowsOneOptionForAllStyles) {
    const std::string help = run_cli({"stylize", "--help"}).out;
    EXPECT_NE(help.find("--style FILE[:WEIGHT][@MASK]"), std::string::npos) << help;
    for (const char *hidden : {"--style-2", "--mask", "--weight", "--statistics"})
        EXPECT_EQ(help.find(hidden), std::string::npos) << hidden;
    const std::string tasks = run_cli({"tasks"}).out;
    EXPECT_NE(tasks.find("--style FILE[:WEIGHT][@MASK]"), std::string::npos) << tasks;
    EXPECT_EQ(tasks.find("--weight-2"), std::string::npos);
}

} // namespace
} // namespace mirra::test
