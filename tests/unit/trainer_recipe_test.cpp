// Recipes: defaults, ranges, misspelt keys, and the recipes that ship.
#include "core/random.hpp"
#include "core/recipe.hpp"
#include "core/schedule.hpp"
#include "mirra/error.hpp"
#include "tasks/denoiser_recipe.hpp"
#include "tasks/encoder_recipe.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;
using namespace mirra::trainer;

DenoiserRecipe read(const std::string &text) {
    auto recipe = Recipe::parse(text, "test.toml");
    return DenoiserRecipe::read(recipe);
}

TEST(Recipe, AnEmptyOneHasTheDefaults) {
    const auto recipe = read("");
    EXPECT_EQ(recipe.architecture, "wavelet-denoiser");
    EXPECT_EQ(recipe.crop, 128);
}

TEST(Recipe, OneThatIsNotThereIsToldWhereToFind) {
    try {
        Recipe::load("no/such.toml");
        FAIL() << "loaded";
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::not_found);
        EXPECT_EQ(error.subject(), "no/such.toml");
        EXPECT_NE(error.hint().find("--recipe"), std::string::npos);
    }
}

TEST(Recipe, MisspeltKeysAreNamed) {
    try {
        read("[data]\ncorp = 64\n");
        FAIL() << "an unknown key passed";
    } catch (const Error &error) {
        EXPECT_NE(std::string(error.what()).find("data.corp"), std::string::npos) << error.what();
    }
}

TEST(Recipe, WrongTypesRangesAndSyntaxAreErrors) {
    for (const char *text :
         {"[data]\nbatch = 0", "[data]\nbatch = \"many\"", "[noise]\nclip_probability = 1.5",
          "[network]\narchitecture = \"unet\"", "[network]\nchannels = [1, 2.5]", "[data\nbatch = 1"})
        EXPECT_THROW(read(text), Error) << text;
}

TEST(Recipe, WhatWouldOverflowTheParserIsRefusedBefore) {
    const auto code_of = [](const std::string &text) {
        try {
            Recipe::parse(text, "test.toml");
        } catch (const Error &error) {
            EXPECT_EQ(error.subject(), "test.toml");
            return error.code();
        }
        return ErrorCode::internal;
    };
    const auto times = [](const std::string &part, int count) {
        std::string out;
        for (int i = 0; i < count; ++i) out += part;
        return out;
    };
    const std::string dots = times(".a", 400000) + " = 1";
    for (const std::string &text :
         {"a" + dots, "[a" + times(".a", 400000) + "]", "a" + times(" . \"b\"", 100000) + " = 1",
          "x = " + times("[", 100000), "x = " + times("{a=", 100000), "x = [" + times("1,", 200000) + "]",
          "[[a" + times(".a", 1000) + "]]", "x = {s = \"\"\"q\"\"\"\", y" + dots + "}"})
        EXPECT_EQ(code_of(text), ErrorCode::limit) << text.substr(0, 40);
    // Neither strings nor comments count.
    EXPECT_EQ(code_of("# " + times(".[{", 1000) + "\nx = \"" + times("a.", 1000) + "\"\ny = '''\n" +
                      times("[.\n", 1000) + "'''\nz = \"\\\"" + times(".", 100) + "\""),
              ErrorCode::internal);
}

TEST(Recipe, ACropThatTheNetworkCannotTakeIsAnError) {
    EXPECT_THROW(static_cast<void>(read("[data]\ncrop = 100").network()), Error);
    EXPECT_NO_THROW(static_cast<void>(read("[data]\ncrop = 104").network()));
}

TEST(Recipe, TheShippedOnesAreValid) {
    for (const char *name : {"denoiser.toml", "paper/denoiser.toml"}) {
        auto recipe = Recipe::load(std::string(MIRRA_RECIPES) + "/" + name);
        EXPECT_NO_THROW(static_cast<void>(DenoiserRecipe::read(recipe).network())) << name;
    }
}

TEST(Recipes, TheShippedOnesOfEncodersAreValid) {
    int count = 0;
    for (const auto &entry : std::filesystem::recursive_directory_iterator(MIRRA_RECIPES)) {
        if (!entry.path().filename().string().starts_with("encoder-")) continue;
        auto recipe = Recipe::load(entry.path());
        EXPECT_NO_THROW(static_cast<void>(graph::classifier(EncoderRecipe::read(recipe).network)))
            << entry.path();
        ++count;
    }
    EXPECT_GE(count, 8);
}

TEST(Recipes, TheCommandLineOverridesAndIsKept) {
    auto recipe = Recipe::parse("[adversary]\nepsilon = 1.0\n", "r");
    recipe.set("adversary.epsilon", 2.5);
    recipe.set("network.architecture", std::string("resnet18"));
    EXPECT_EQ(EncoderRecipe::read(recipe).budget.epsilon, 2.5);
    auto again = Recipe::parse(recipe.source(), "again");
    const auto settings = EncoderRecipe::read(again);
    EXPECT_EQ(settings.network.architecture, "resnet18");
    EXPECT_EQ(settings.budget.epsilon, 2.5);
}

TEST(Recipes, TablesAreTakenOutOrAlone) {
    const auto recipe = Recipe::parse("[data]\nextent = 32 # of all\n[score]\niterations = 3\n", "test");
    const auto same = Recipe::parse("[score]\niterations=3\n[data]\nextent=32", "other");
    EXPECT_EQ(recipe.without({}), same.without({}));
    EXPECT_EQ(recipe.without({"score", "memory"}), Recipe::parse("[data]\nextent = 32", "").without({}));
    EXPECT_EQ(recipe.only({"score", "memory"}), Recipe::parse("[score]\niterations = 3", "").without({}));
    EXPECT_NE(recipe.without({"score"}), recipe.without({"data"}));
}

TEST(Recipes, WhatAnEncoderCannotUseIsRefused) {
    for (const char *text :
         {"[data]\ngrowth = [16]\ngrowth_epochs = [9223372036854775807]", "[data]\ngrowth = [16]",
          "[data]\ngrowth = [7]\ngrowth_epochs = [1]\n[optimizer]\nepochs = 2",
          "[optimizer]\nepochs = 9\nstep_epochs = [3, 3]", "[optimizer]\nepochs = 9\nstep_epochs = [9]",
          "[optimizer]\nepochs = 9\nstep_epochs = [0]", "[adversary]\ngairat_begin_epoch = -1"}) {
        auto recipe = Recipe::parse(text, "r");
        EXPECT_THROW(EncoderRecipe::read(recipe), Error) << text;
    }
}

TEST(Recipes, TheRateDropsAtItsEpochs) {
    auto recipe = Recipe::parse(
        "[optimizer]\nepochs = 120\nrate = 1.0\nschedule = \"step\"\nstep_epochs = [60, 90, 110]", "r");
    const auto schedule = EncoderRecipe::read(recipe).steps(10);
    for (const auto &[step, rate] : {std::pair{0, 1.0}, {599, 1.0}, {600, 0.1}, {900, 1e-2}, {1100, 1e-3}})
        EXPECT_NEAR(schedule.at(step), rate, 1e-9 * rate) << step;
}

TEST(Recipes, EveryProcessDropsOtherUnits) {
    EncoderRecipe recipe;
    recipe.seed = 3;
    EXPECT_EQ(recipe.dropout_seed(7, 0), mix(3 ^ 0x64726f70) ^ 7) << "that of one process stays";
    EXPECT_NE(recipe.dropout_seed(7, 0), recipe.dropout_seed(7, 1));
    EXPECT_NE(recipe.dropout_seed(7, 1), recipe.dropout_seed(7, 2));
    EXPECT_NE(recipe.dropout_seed(7, 1), recipe.dropout_seed(8, 1));
}

TEST(Schedule, WarmsUpAndEndsAtTheFinalRate) {
    const Schedule cosine{.kind = "cosine", .rate = 1e-3, .final_rate = 1e-6, .warmup = 10, .steps = 1000};
    EXPECT_NEAR(cosine.at(0), 1e-4, 1e-6);
    EXPECT_NEAR(cosine.at(500), 5e-4, 2e-6);
    EXPECT_NEAR(cosine.at(1000), 1e-6, 1e-9);
    const Schedule step{.kind = "step", .rate = 1, .steps = 90, .step_every = 30};
    EXPECT_NEAR(step.at(61), 0.01, 1e-9);
}

} // namespace
