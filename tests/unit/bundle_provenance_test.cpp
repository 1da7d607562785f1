// Provenance: what is written is read again, bundles that ship lose nothing, and nothing is believed.
#include "mirra/provenance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace mirra::bundle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Provenance parsed(const std::string &json) {
    Manifest manifest;
    manifest.provenance = json;
    return parse_provenance(manifest);
}

TEST(Provenance, ThoseOfBundlesThatShipAreUnderstoodAndKeptToTheByte) {
    int count = 0, upon_an_encoder = 0, levels = 0;
    for (const auto &entry : std::filesystem::directory_iterator(MIRRA_TEST_SOURCE "/bundles")) {
        if (entry.path().extension() != ".mirra") continue;
        const auto bundle = Bundle::open(entry.path());
        const auto provenance = parse_provenance(bundle->manifest());
        EXPECT_EQ(to_json(provenance), bundle->manifest().provenance) << entry.path();
        EXPECT_THAT(provenance.damaged, IsEmpty()) << entry.path();
        EXPECT_TRUE(provenance.other.empty()) << entry.path();
        ++count;
        if (provenance.encoder && provenance.encoder->adversary) ++upon_an_encoder;
        levels += static_cast<int>(provenance.levels.size());
    }
    EXPECT_GE(count, 18);
    EXPECT_GE(upon_an_encoder, 9);
    EXPECT_GE(levels, 3);
}

TEST(Provenance, WhatIsWrittenIsReadAgain) {
    Provenance written;
    written.data = {"imagenette224/train"};
    written.pictures = 12;
    written.recipe_text = "";
    written.seed = 18446744073709551615U;
    written.classes = {"cat", "dog"};
    written.encoder = {.name = "e", .sha256 = "aa", .adversary = Adversary{"linf", 0.01}};
    written.adversary = {.norm = "l2", .epsilon = 1.5};
    written.epochs = 3;
    written.rounds = {
        {.sha256 = "bb", .recipe = {}, .steps = {}, .epochs = {}, .adversary = {}},
        {.sha256 = "cc", .recipe = "r.toml", .steps = 7, .epochs = 2, .adversary = Adversary{"l2", 1}}};
    written.calibration = {
        .normal = 10, .bad = {}, .fingerprint = "f", .normal_data = "good", .bad_data = {}};
    written.levels = {{.layer = "conv1",
                       .training = parsed(R"({"steps": 4, "own": [1]})"),
                       .sha256 = "dd",
                       .validation = LevelValidation{.count = 5, .extent = 32, .psnr = 20.5, .ssim = 0.5}}};
    written.other["note"] = R"({"by":"hand"})";
    const auto text = to_json(written);
    const auto read = parsed(text);
    EXPECT_EQ(to_json(read), text);
    EXPECT_THAT(read.damaged, IsEmpty());
    EXPECT_EQ(read.seed, written.seed);
    EXPECT_EQ(read.recipe_text, "") << "no text is another thing than none";
    EXPECT_EQ(read.encoder->adversary, (Adversary{"linf", 0.01}));
    EXPECT_EQ(read.rounds[1].epochs, 2);
    EXPECT_EQ(read.rounds[1].adversary, (Adversary{"l2", 1}));
    EXPECT_FALSE(read.rounds[0].adversary);
    EXPECT_EQ(read.levels[0].training.steps, 4);
    EXPECT_EQ(read.levels[0].training.other.at("own"), "[1]");
    EXPECT_EQ(read.levels[0].validation->psnr, 20.5);
    // As earlier versions and other readers find it.
    const auto json = nlohmann::json::parse(text);
    EXPECT_EQ(json["encoder"],
              (nlohmann::json{{"name", "e"}, {"sha256", "aa"}, {"norm", "linf"}, {"epsilon", 0.01}}));
    EXPECT_EQ(json["levels"]["conv1"]["sha256"], "dd");
    EXPECT_FALSE(json.contains("steps"));
}

TEST(Provenance, MembersOfAnotherTypeAreLeftOutAndNamed) {
    EXPECT_THAT(parsed(R"({"extent": "32", "steps": 5})").damaged, ElementsAre("extent"));
    EXPECT_EQ(parsed(R"({"extent": "32", "steps": 5})").steps, 5);
    for (const auto *damaged :
         {R"({"extent": 32.5})", R"({"extent": 18446744073709551615})", R"({"seed": -1})", R"({"data": "a"})",
          R"({"classes": ["a", 2]})", R"({"encoder": 1})", R"({"encoder": {"norm": 2, "epsilon": 1}})",
          R"({"encoder": {"epsilon": "much"}})", R"({"rounds": [{"steps": "many"}]})", R"({"rounds": {}})",
          R"({"adversary": {"norm": "l1", "epsilon": 1}})", R"({"adversary": {"epsilon": 1}})",
          R"({"adversary": {"norm": "l2", "epsilon": -1}})", R"({"encoder": {"norm": "L2", "epsilon": 1}})",
          R"({"rounds": [{"norm": "", "epsilon": 1}]})", R"({"calibration": []})", R"({"levels": 3})",
          R"({"trainer": null})"})
        EXPECT_EQ(parsed(damaged).damaged.size(), 1U) << damaged;
    EXPECT_TRUE(parsed(R"({"levels": {"conv1": "by hand"}})").levels.empty());
    EXPECT_EQ(to_json(parsed("[]")), "{}");
}

} // namespace
} // namespace mirra::bundle
