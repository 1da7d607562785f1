// Recipes: defaults, ranges, misspelt keys, and the recipes that ship.
#include "core/data_files.hpp"
#include "core/optimizer.hpp"
#include "core/random.hpp"
#include "core/recipe.hpp"
#include "mirra/bundle.hpp"
#include "mirra/error.hpp"
#include "mirra/provenance.hpp"
#include "tasks/anomaly.hpp"
#include "tasks/denoiser.hpp"
#include "tasks/encoder.hpp"
#include "tasks/stylizer.hpp"
#include "trainer_support.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace {

using namespace mirra;
using namespace mirra::trainer;

using testing::HasSubstr;
using testing::StartsWith;

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
    const auto said = test::refusal(ErrorCode::invalid_argument, [] { read("[data]\ncorp = 64\n"); });
    EXPECT_THAT(said, HasSubstr("unknown keys: data.corp"));
    EXPECT_THAT(said, HasSubstr("there are: data.crop, data.batch")) << "those of the same table";
}

TEST(Recipe, NumbersAreWrittenAsPeopleWriteThem) {
    const auto said = [](const std::string &text) {
        return test::refusal(ErrorCode::invalid_argument, [&] { read(text); });
    };
    EXPECT_THAT(said("[data]\nbatch = 0"), HasSubstr("'data.batch' must be an integer from 1 to 4096"));
    EXPECT_THAT(said("[noise]\nclip_probability = 1.5"), HasSubstr("must be a number from 0 to 1 "));
    EXPECT_THAT(said("[optimizer]\nbeta1 = 1"), HasSubstr("must be a number from 0 to 0.999999 "));
    EXPECT_THAT(said("[optimizer]\nsteps = 0"), HasSubstr("must be an integer of at least 1 "));
}

TEST(Recipe, SettingsThatTrainNothingAreRefused) {
    const auto refused = [](auto settings, const std::string &text, const std::string &why) {
        EXPECT_THAT(test::refusal(ErrorCode::invalid_argument,
                                  [&] { read_recipe(Recipe::parse(text, "r"), settings); }),
                    HasSubstr(why));
    };
    const std::string rate = "'optimizer.rate' must be a number above 0, at most 10";
    refused(DenoiserRecipe(), "[optimizer]\nrate = 0", rate + " ");
    refused(InverterRecipe(), "[optimizer]\nrate = 0.0", rate + " ");
    refused(AnomalyRecipe(), "[optimizer]\nrate = 0", rate + " ");
    refused(EncoderRecipe(), "[optimizer]\nrate = 0", rate + "0 ");
    refused(InverterRecipe(), "[discriminator]\nrate = 0", "'discriminator.rate'");
    refused(DenoiserRecipe(), "[loss]\npixel_weight = 0", "nothing is learned");
    refused(EncoderRecipe(), "[adversary]\nkind = 'pgd'\nepsilon = 1\nstep_size = 0", "step_size");
}

TEST(Recipe, WrongTypesRangesAndSyntaxAreErrors) {
    for (const char *text :
         {"[data]\nbatch = 0", "[data]\nbatch = \"many\"", "[noise]\nclip_probability = 1.5",
          "[network]\narchitecture = \"unet\"", "[network]\nchannels = [1, 2.5]"})
        EXPECT_THAT(test::refusal(ErrorCode::invalid_argument, [&] { read(text); }), HasSubstr("test.toml"))
            << text;
    EXPECT_THAT(test::refusal(ErrorCode::corrupt, [] { read("[data\nbatch = 1"); }), HasSubstr("line 1"));
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
    test::refusal(ErrorCode::invalid_argument,
                  [] { static_cast<void>(read("[data]\ncrop = 100").network()); });
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
    apply(recipe, {{"adversary.epsilon", "2.5"}, {"network.architecture", "resnet18"}},
          recipe_keys<EncoderRecipe>());
    EXPECT_EQ(EncoderRecipe::read(recipe).budget.epsilon, 2.5);
    auto again = Recipe::parse(recipe.source(), "again");
    const auto settings = EncoderRecipe::read(again);
    EXPECT_EQ(settings.network.architecture, "resnet18");
    EXPECT_EQ(settings.budget.epsilon, 2.5);
}

TEST(Recipes, EveryKindOfSettingIsOverridden) {
    auto recipe = Recipe::parse("", "r");
    apply(recipe,
          {{"network.width", "2"},
           {"data.batch", "7"},
           {"data.flips", "false"},
           {"network.hidden", "32,16"},
           {"optimizer.epochs", "9"},
           {"optimizer.step_epochs", "[3, 6]"},
           {"optimizer.step_factors", "0.5, 0.1"},
           {"training.precision", "fp32"}},
          recipe_keys<EncoderRecipe>());
    const auto settings = EncoderRecipe::read(recipe);
    EXPECT_EQ(settings.network.width, 2);
    EXPECT_EQ(settings.batch, 7);
    EXPECT_FALSE(settings.augmentation.flips);
    EXPECT_EQ(settings.network.hidden, (std::vector<std::int64_t>{32, 16}));
    EXPECT_EQ(settings.step_epochs, (std::vector<std::int64_t>{3, 6}));
    EXPECT_EQ(settings.step_factors, (std::vector<double>{0.5, 0.1}));
    EXPECT_EQ(settings.precision, "fp32");
    EXPECT_NE(recipe.source().find("width = 2.0"), std::string::npos) << "a whole number stays a real one";

    auto denoiser = Recipe::parse("", "r");
    apply(denoiser, {{"network.zero_init", "decoder.output,encoder"}}, recipe_keys<DenoiserRecipe>());
    EXPECT_EQ(DenoiserRecipe::read(denoiser).zero_init,
              (std::vector<std::string>{"decoder.output", "encoder"}));
}

TEST(Recipes, OverridesThatDoNotFitNameTheirKey) {
    const auto said = [](const std::string &key, const std::string &value) {
        auto recipe = Recipe::parse("", "r");
        return test::refusal(ErrorCode::invalid_argument,
                             [&] { apply(recipe, {{key, value}}, recipe_keys<EncoderRecipe>()); });
    };
    EXPECT_THAT(said("optimizer.rte", "1"), HasSubstr("no key 'optimizer.rte'"));
    EXPECT_THAT(said("optimizer.rte", "1"), HasSubstr("optimizer.rate"));
    EXPECT_THAT(said("optimiser.rate", "1"), HasSubstr("tables network, data, adversary"));
    for (const auto &[key, value] : std::multimap<std::string, std::string>{
             {"optimizer.rate", "fast"},     {"optimizer.momentum", "nan"},
             {"network.width", "inf"},       {"optimizer.epochs", "1.5"},
             {"optimizer.epochs", "+-5"},    {"optimizer.epochs", "++5"},
             {"optimizer.epochs", "+"},      {"optimizer.epochs", "1e2"},
             {"optimizer.epochs", "0x10"},   {"optimizer.epochs", " 5"},
             {"optimizer.epochs", "5 "},     {"optimizer.epochs", "9e99"},
             {"optimizer.epochs", "0"},      {"optimizer.rate", "+-0.1"},
             {"optimizer.rate", "0x1p-3"},   {"optimizer.rate", "1e999"},
             {"optimizer.rate", "0"},        {"optimizer.rate", "101"},
             {"optimizer.schedule", "fast"}, {"network.hidden", "4 8"},
             {"network.hidden", "4[8"},      {"network.hidden", "[48, 96"},
             {"network.hidden", "48]"},      {"network.hidden", "+-4"},
             {"network.hidden", ","},        {"data.flips", "yes"},
             {"network.hidden", "1,b"},      {"optimizer.step_factors", "0.1,,1"}})
        EXPECT_THAT(said(key, value), HasSubstr(key)) << value;
}

TEST(Recipes, WhatAnOptionDoesNotTakeIsRefusedByItsName) {
    int status = 0, tried = 0;
    const auto said = [&](const std::string &command) {
        CLI::App app;
        for (auto *add : {add_denoiser_command, add_encoder_command, add_inverter_command,
                          add_anomaly_command, add_stylizer_command})
            add(app, status);
        try {
            app.parse(command, false);
        } catch (const CLI::ValidationError &error) {
            return std::string(error.what());
        } catch (const std::exception &error) {
            return "another error: " + std::string(error.what());
        }
        return std::string("accepted");
    };
    CLI::App app;
    for (auto *add : {add_denoiser_command, add_encoder_command, add_inverter_command, add_anomaly_command,
                      add_stylizer_command})
        add(app, status);
    for (const auto *sub : app.get_subcommands({}))
        for (const auto *option : sub->get_options()) {
            const bool number = option->get_type_name() == "INT" || option->get_type_name() == "FLOAT";
            if (!option->get_group().starts_with("Override") || !number) continue;
            for (const char *value : {"-1", "1e300", "+-1", "many", "0x1", "' 1'"}) {
                EXPECT_THAT(said(sub->get_name() + " " + option->get_name() + "=" + value),
                            StartsWith(option->get_name() + ": '"))
                    << value;
                ++tried;
            }
        }
    EXPECT_GE(tried, 100);
    EXPECT_EQ(said("encoder --batch 0"), "--batch: '0' is not an integer from 1 to 1048576");
    EXPECT_EQ(said("denoiser --batch 4097"), "--batch: '4097' is not an integer from 1 to 4096");
    EXPECT_EQ(said("encoder --norm l7"), "--norm: 'l7' is not one of: l2, linf");
    EXPECT_EQ(said("inverter --loss gan"), "--loss: 'gan' is not one of: pix, pix+feat, pix+feat+gan");
    EXPECT_THAT(said("encoder --arch lenet"), StartsWith("--arch: 'lenet' is not one of: "));
    EXPECT_EQ(said("anomaly --false-positive-rate 0.7"),
              "--false-positive-rate: '0.7' is not a number from 1e-06 to 0.499999");
}

TEST(Recipes, ARangeThatHangsOnOtherSettingsIsLookedAtWithThem) {
    auto recipe = Recipe::parse("", "r");
    const Overrides overrides{{"optimizer.rate", "10"}, {"optimizer.final_rate", "5"}};
    apply(recipe, overrides, recipe_keys<EncoderRecipe>());
    EXPECT_EQ(EncoderRecipe::read(recipe).final_rate, 5);
    apply(recipe, {{"optimizer.final_rate", "11"}}, recipe_keys<EncoderRecipe>());
    EXPECT_THAT(test::refusal(ErrorCode::invalid_argument, [&] { EncoderRecipe::read(recipe); }),
                HasSubstr("'optimizer.final_rate' must be a number from 0 to 10 (r)"));
}

/// A recipe's text with overrides is part of a checkpoint's fingerprint: what earlier trainers wrote, and
/// bundles that ship still tell, must come out again to the byte.
TEST(Recipes, OverridesGiveTheTextThatEarlierTrainersGave) {
    const auto keys = recipe_keys<EncoderRecipe>();
    int count = 0;
    for (const auto *radius : {"0.5", "1.0", "1.5"}) {
        const auto bundle = bundle::Bundle::open(
            std::string(MIRRA_TEST_SOURCE "/bundles/encoder-resnet18-l2-") + radius + ".mirra");
        const auto written = *bundle::parse_provenance(bundle->manifest()).recipe_text;
        auto recipe = Recipe::load("small/encoder-resnet18");
        const auto shipped = Recipe::parse(written, "shipped");
        apply(recipe, {{"adversary.epsilon", std::string(radius)}, {"optimizer.epochs", "1"}}, keys);
        // Whatever else the recipe has become since: the tables that were overridden.
        EXPECT_EQ(recipe.only({"adversary"}), shipped.only({"adversary"})) << radius;
        auto again = Recipe::parse(written, "again");
        apply(again, {{"adversary.epsilon", std::string(radius)}, {"training.seed", "16"}}, keys);
        EXPECT_EQ(again.source(), written) << radius;
        ++count;
    }
    EXPECT_EQ(count, 3);
}

TEST(Recipes, AreFoundByNameFromAnywhere) {
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(std::filesystem::temp_directory_path());
    const auto denoiser = Recipe::load("small/denoiser-fast");
    const auto suffixed = Recipe::load("paper/encoder-alexnet.toml");
    std::filesystem::current_path(before);
    EXPECT_EQ(denoiser.source(), test::text_of(std::string(MIRRA_RECIPES) + "/small/denoiser-fast.toml"));
    EXPECT_EQ(EncoderRecipe::read(suffixed).epochs, 90);
    EXPECT_TRUE(std::filesystem::exists(find_bundle("denoiser"))) << find_bundle("denoiser");

    const std::filesystem::path data = test::scratch() + "data-files";
    std::filesystem::create_directories(data / "recipes/small");
    std::ofstream(data / "recipes/small/denoiser-fast.toml") << "[data]\nbatch = 3\n";
    setenv("MIRRA_DATA", data.c_str(), 1);
    const auto own = Recipe::load("small/denoiser-fast");
    unsetenv("MIRRA_DATA");
    EXPECT_EQ(DenoiserRecipe::read(own).batch, 3) << "MIRRA_DATA comes first";
}

TEST(DataFiles, LieWhereTheProgramIsInstalledOrBuilt) {
    using Paths = std::vector<std::filesystem::path>;
    EXPECT_EQ(folders_beside("/opt/bin/mirra-train", "../lib/x86_64-linux-gnu", "../lib"),
              (Paths{"/opt/lib/x86_64-linux-gnu/mirra", "/opt/lib/mirra"}));
    EXPECT_EQ(folders_beside("/opt/bin/mirra-train", "../share", "../share"), Paths{"/opt/share/mirra"});
    EXPECT_EQ(folders_beside("/opt/bin/mirra-train", "../../data", "../share"),
              (Paths{"/data/mirra", "/opt/share/mirra"}));
    EXPECT_THAT(folders_beside({}, "../lib", "../lib"), testing::IsEmpty());
    const auto modules = module_folders();
    EXPECT_TRUE(
        std::ranges::any_of(modules, [](const auto &folder) { return is_directory(folder / "plugins"); }));
}

TEST(Recipes, WhatLiesInTheCurrentFolderIsNotTakenForAName) {
    const std::filesystem::path folder = test::scratch() + "current-folder";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder / "denoiser");
    std::filesystem::create_directories(folder / "small/denoiser-fast");
    std::ofstream(folder / "encoder-alexnet-l2-1.5") << "no bundle";
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder);
    for (const char *name : {"denoiser", "small/denoiser-fast"})
        EXPECT_EQ(Recipe::load(name).source(),
                  test::text_of(std::string(MIRRA_RECIPES) + "/" + name + ".toml"))
            << name;
    for (const char *name : {"denoiser", "encoder-alexnet-l2-1.5"})
        EXPECT_NO_THROW(bundle::Bundle::open(find_bundle(name))) << name;
    std::ofstream("denoiser.toml") << "[data]\nbatch = 3\n";
    EXPECT_EQ(Recipe::load("denoiser.toml").source(), "[data]\nbatch = 3\n") << "a file by its whole name";
    std::filesystem::current_path(before);
}

TEST(Recipes, TheReferencePageIsWhatTheTrainerPrints) {
    EXPECT_EQ(test::text_of(MIRRA_TEST_SOURCE "/docs/reference/recipes.md"), recipe_reference())
        << "write it anew: mirra-train recipe > docs/reference/recipes.md";
    EXPECT_THAT(recipe_reference("encoder"),
                HasSubstr("| `adversary.epsilon` | a number from 0 to 10000 | `0` |"));
    EXPECT_THAT(test::refusal(ErrorCode::not_found, [] { recipe_reference("decoder"); }),
                HasSubstr("denoiser, encoder, inverter, anomaly, stylizer"));
}

TEST(Recipes, TheShippedOnesUseDeclaredKeysAlone) {
    const std::map<std::string, std::vector<RecipeKey>> keys{{"denoiser", recipe_keys<DenoiserRecipe>()},
                                                             {"encoder", recipe_keys<EncoderRecipe>()},
                                                             {"inverter", recipe_keys<InverterRecipe>()},
                                                             {"anomaly", recipe_keys<AnomalyRecipe>()},
                                                             {"stylizer", stylizer_keys()}};
    for (const auto &name : recipe_names()) {
        const auto stem = std::filesystem::path(name).filename().string();
        const auto task = stem.substr(0, stem.find('-'));
        ASSERT_TRUE(keys.contains(task)) << name;
        for (const auto &key : Recipe::load(name).keys()) EXPECT_NO_THROW(key_of(key, keys.at(task))) << name;
    }
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
          "[optimizer]\nepochs = 9\nstep_epochs = [0]", "[adversary]\ngairat_begin_epoch = -1",
          "[optimizer]\nepochs = 9\nstep_epochs = [3]\nstep_factors = [0.1, 0.1]",
          "[optimizer]\nepochs = 9\nstep_epochs = [3]\nstep_factors = [0]"}) {
        const auto recipe = Recipe::parse(text, "r");
        test::refusal(ErrorCode::invalid_argument, [&] { EncoderRecipe::read(recipe); });
    }
}

TEST(Recipes, TheRateDropsAtItsEpochs) {
    auto recipe = Recipe::parse(
        "[optimizer]\nepochs = 120\nrate = 1.0\nschedule = \"step\"\nstep_epochs = [60, 90, 110]", "r");
    const auto schedule = EncoderRecipe::read(recipe).steps(10);
    for (const auto &[step, rate] : {std::pair{0, 1.0}, {599, 1.0}, {600, 0.1}, {900, 1e-2}, {1100, 1e-3}})
        EXPECT_NEAR(schedule.at(step), rate, 1e-9 * rate) << step;
}

TEST(Recipes, GairatsLastDropIsToAHalf) {
    const auto settings = EncoderRecipe::read(Recipe::load("paper/encoder-wrn-28-10"));
    const auto schedule = settings.steps(10);
    for (const auto &[step, rate] : {std::pair{599, 0.1}, {600, 1e-2}, {900, 1e-3}, {1100, 5e-4}})
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
