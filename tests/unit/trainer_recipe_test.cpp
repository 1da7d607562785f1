// Recipes: defaults, ranges, misspelt keys, and the recipes that ship.
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

TEST(Schedule, WarmsUpAndEndsAtTheFinalRate) {
    const Schedule cosine{.kind = "cosine", .rate = 1e-3, .final_rate = 1e-6, .warmup = 10, .steps = 1000};
    EXPECT_NEAR(cosine.at(0), 1e-4, 1e-6);
    EXPECT_NEAR(cosine.at(500), 5e-4, 2e-6);
    EXPECT_NEAR(cosine.at(1000), 1e-6, 1e-9);
    const Schedule step{.kind = "step", .rate = 1, .steps = 90, .step_every = 30};
    EXPECT_NEAR(step.at(61), 0.01, 1e-9);
}

} // namespace
