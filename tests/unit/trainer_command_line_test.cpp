// What all commands of mirra-train have in common: numbers, and files that stay.
#include "core/command_line.hpp"
#include "eval/evaluation.hpp"
#include "eval/loader_speed.hpp"
#include "mirra/error.hpp"
#include "trainer_support.hpp"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace mirra;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// Files to name on a command line: a bundle, and pictures in a folder.
struct CommandLine : ::testing::Test {
    fs::path folder = test::scratch() + "command-line";
    std::string bundle = folder / "one.mirra", picture = folder / "data/a/1.png", data = folder / "data";
    int ran = 0;

    void SetUp() override {
        fs::create_directories(fs::path(picture).parent_path());
        for (const auto &file : {bundle, picture}) std::ofstream(file) << "text";
    }

    /// @param name  of the command that the words are for
    void parse(const std::string &name, const std::vector<std::string> &words) {
        CLI::App app;
        auto *sub = app.add_subcommand(name);
        std::vector<std::string> data_of, bundles, levels;
        std::string output, csv, sheet, work, recipe = "standard";
        double rate = 0;
        int threads = 0;
        sub->add_option("--data", data_of);
        sub->add_option("--bundle", bundles);
        sub->add_option("--recipe", recipe)->capture_default_str();
        sub->add_option("-o,--output", output);
        sub->add_option("--csv", csv);
        sub->add_option("--level", levels);
        sub->add_option("--work", work);
        sub->add_option("--threads", threads);
        sub->add_option("--rate", rate)->type_name("FLOAT");
        sub->add_option_group("pictures")->add_option("--sheet", sheet);
        sub->callback([this] { ++ran; });
        trainer::complete(app);
        std::vector<std::string> all(words.rbegin(), words.rend()); // as CLI11 takes them
        all.push_back(name);
        app.parse(all);
    }

    std::string refused(const std::string &name, const std::vector<std::string> &words) {
        try {
            parse(name, words);
            ADD_FAILURE() << "accepted";
        } catch (const CLI::ValidationError &error) {
            EXPECT_EQ(ran, 0) << "nothing is begun";
            return error.what();
        }
        return {};
    }
};

TEST_F(CommandLine, WhatIsReadIsNotReplaced) {
    EXPECT_THAT(refused("eval", {"--bundle", bundle, "--csv", bundle}), HasSubstr("--csv"));
    EXPECT_THAT(refused("inverter", {"--bundle", bundle, "-o", data + "/../one.mirra"}),
                HasSubstr("--output"));
    EXPECT_THAT(refused("eval", {"--data", data, "--sheet", picture}), HasSubstr("would replace " + picture));
    EXPECT_THAT(refused("eval", {"--csv", bundle}), HasSubstr("--csv")) << "a table is no bundle";
    EXPECT_THAT(refused("report", {"-o", bundle}), HasSubstr("--output")) << "nor is a page";
    EXPECT_THAT(refused("stylizer", {"--level", "conv5=" + bundle, "-o", bundle}), HasSubstr("--output"));
    EXPECT_THAT(refused("eval", {"--csv", folder / "new", "--sheet", folder / "new"}), HasSubstr("--sheet"));
    EXPECT_THAT(refused("encoder", {"--recipe", picture, "-o", picture}), HasSubstr("--output"));
}

TEST_F(CommandLine, LinksInFoldersOfDataAreFollowedAsTheyAreRead) {
    const auto elsewhere = folder / "elsewhere";
    fs::remove_all(elsewhere);
    fs::create_directories(elsewhere / "class");
    for (const auto *name : {"alone.png", "blob", "class/2.png", "unread.png"})
        std::ofstream(elsewhere / name) << "text";
    const auto link = [&](const fs::path &to, const std::string &name) {
        fs::remove(fs::path(data) / name);
        fs::create_symlink(to, fs::path(data) / name);
    };
    link(elsewhere / "alone.png", "a/link.png");
    link(elsewhere / "blob", "a/named.jpg");
    link(elsewhere / "class", "class");
    link(fs::path(data), "circle");
    link(elsewhere / "nowhere", "lost.png");
    for (const auto *name : {"alone.png", "class/2.png"})
        EXPECT_THAT(refused("eval", {"--data", data, "--sheet", elsewhere / name}), HasSubstr(name));
    EXPECT_THAT(refused("eval", {"--data", data, "--csv", elsewhere / "blob"}), HasSubstr("--csv"));
    parse("eval", {"--data", data, "--sheet", elsewhere / "unread.png"});
    EXPECT_EQ(ran, 1);
}

TEST_F(CommandLine, WhatIsWrittenAgainIsReplaced) {
    std::ofstream(folder / "table.csv") << "old";
    parse("eval", {"--bundle", bundle, "--csv", folder / "table.csv", "--sheet", folder / "new.png"});
    parse("encoder", {"--data", data, "-o", bundle});
    std::ofstream(folder / "data/model.mirra") << "old";
    parse("encoder", {"--data", data, "-o", data + "/model.mirra"});
    std::ofstream(folder / "hardest.png") << "old";
    parse("eval", {"--work", folder, "--sheet", folder / "hardest.png"});
    EXPECT_EQ(ran, 4);
}

TEST_F(CommandLine, NumbersAreFiniteAndPicturesHaveALimit) {
    for (const char *value : {"inf", "nan", "1e999"})
        EXPECT_THROW(parse("eval", {"--rate", value}), CLI::Error);
    for (const char *value : {"-1", "1025", "many"})
        EXPECT_THROW(parse("eval", {"--threads", value}), CLI::Error) << value;
    parse("eval", {"--threads", "1024"});
    ran = 0;
    parse("eval", {"--rate", "1e9", "--max-pixels", "268435456"}); // the standard: it holds for the process
    EXPECT_THROW(parse("import", {"--max-pixels", "1000"}), CLI::Error) << "it reads no pictures";
    EXPECT_EQ(ran, 1);
}

TEST(CommandLineOfCommands, NumbersThatNothingComesOfAreRefused) {
    for (const char *words :
         {"eval comparison --bundle b --data d --step 1e300", "eval comparison --bundle b --data d --step 0",
          "loader --data d --recipe r --seconds 1e300"}) {
        CLI::App app;
        int status = 0;
        trainer::add_eval_command(app, status);
        trainer::add_loader_command(app, status);
        trainer::complete(app);
        EXPECT_THROW(app.parse(words), CLI::ValidationError) << words;
    }
}

} // namespace
