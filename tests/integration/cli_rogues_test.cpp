// The command over plugins that crash, hang, or have names that stand in its way.
#include "cli_support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace mirra::test {
namespace {

/// Plugins that the command sees before those of the build.
class Plugins {
  public:
    explicit Plugins(const std::string &name) : file(std::string(MIRRA_TEST_ZOO) + "/" + name + ".so") {
        setenv("MIRRA_PLUGIN_PATH", file.c_str(), 1);
        setenv("MIRRA_RUNTIME_MODULE", MIRRA_TEST_FAKE_RUNTIME, 1);
    }
    Plugins(const Plugins &) = delete;
    Plugins &operator=(const Plugins &) = delete;
    ~Plugins() {
        unsetenv("MIRRA_PLUGIN_PATH");
        unsetenv("MIRRA_RUNTIME_MODULE");
    }
    const std::string file;
};

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

TEST(CliRogues, DoctorNamesAPluginThatEndsOrBlocksItsProcess) {
    const std::pair<const char *, const char *> rogues[] = {{"crashes-in-init", "(Aborted)"},
                                                            {"crashes-when-loaded", "(Aborted)"},
                                                            {"exits-in-init", "(exit code 0)"},
                                                            {"overflows-in-init", "(Segmentation fault)"},
                                                            {"hangs-in-init", "longer than 10 s"}};
    for (const auto &[name, reason] : rogues) {
        const Plugins plugins(name);
        const Outcome run = run_cli({"doctor"});
        EXPECT_EQ(5, run.exit_code) << name;
        EXPECT_TRUE(contains(run.out, "PROBLEM  plugin " + plugins.file)) << run.out;
        EXPECT_TRUE(contains(run.out, reason)) << run.out;
        EXPECT_TRUE(contains(run.out, "runtime  ")) << "the rest is reported:\n" << run.out;
        EXPECT_TRUE(contains(run.out, "plugin   org.mirra.denoiser")) << "also what comes after it:\n"
                                                                      << run.out;
    }
}

TEST(CliRogues, EveryCommandThatDiesOfAPluginNamesIt) {
    const std::pair<const char *, int> rogues[] = {{"crashes-in-init", 128 + SIGABRT},
                                                   {"crashes-when-loaded", 128 + SIGABRT},
                                                   {"overflows-in-init", 128 + SIGSEGV},
                                                   {"exits-in-init", 5}};
    for (const auto &[name, code] : rogues) {
        const Plugins plugins(name);
        const Outcome run = run_cli({"tasks"});
        EXPECT_EQ(code, run.exit_code) << name;
        EXPECT_TRUE(contains(run.err, "loading the plugin " + plugins.file)) << name << ": " << run.err;
        EXPECT_FALSE(contains(run.err, "/somebody/else.so")) << "a plugin's own words name nobody";
    }
    for (const char *name : {"hangs-in-init", "hangs-in-query"}) {
        const Plugins plugins(name);
        const Outcome run = run_cli({"tasks"}, Signal{SIGTERM, std::chrono::milliseconds(500)});
        EXPECT_EQ(128 + SIGTERM, run.exit_code);
        EXPECT_TRUE(contains(run.err, "loading the plugin " + plugins.file)) << run.err;
    }
}

TEST(CliRogues, APluginThatClosesAllDescriptorsDoesNotStopTheCommandFromEnding) {
    const Plugins plugins("closes-descriptors");
    const TemporaryFolder folder;
    write_flat(folder / "in.png", 20, 20, 90);
    const Outcome run = run_cli({"closes-descriptors", folder / "in.png", "-o", folder / "out.png"},
                                Signal{SIGKILL, std::chrono::seconds(5)});
    EXPECT_EQ(0, run.exit_code) << run.err;
    EXPECT_TRUE(std::filesystem::exists(folder / "out.png"));
}

TEST(CliRogues, APluginThatTreatsTheProcessAsItsOwnGivesItsResultAllTheSame) {
    for (const char *name : {"prints", "changes-folder", "changes-locale", "ignores-signals"}) {
        const Plugins plugins(name);
        const TemporaryFolder folder;
        write_flat(folder / "in.png", 20, 20, 90);
        const std::filesystem::path before = std::filesystem::current_path();
        std::filesystem::current_path(std::filesystem::path(folder / "in.png").parent_path());
        const Outcome run = run_cli({name, "in.png", "-o", "out.png"});
        std::filesystem::current_path(before);
        EXPECT_EQ(0, run.exit_code) << name << run.err;
        EXPECT_TRUE(std::filesystem::exists(folder / "out.png")) << name;
    }
}

TEST(CliRogues, WhatAPluginPrintsIsNoPartOfADocument) {
    const Plugins plugins("prints");
    const TemporaryFolder folder;
    write_flat(folder / "in.png", 20, 20, 90);
    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"prints", folder / "in.png", "-o", folder / "out.png", "--json"},
          {"plugin-check", plugins.file, "--json"}}) {
        const Outcome run = run_cli(arguments);
        EXPECT_TRUE(contains(run.err, "a word of the plugin's")) << run.err;
        EXPECT_TRUE(nlohmann::json::accept(run.out)) << run.out;
    }
    const Outcome check = run_cli({"plugin-check", plugins.file});
    EXPECT_FALSE(contains(check.out, "a word of the plugin's"))
        << "nor of the lines for people: " << check.out;
}

TEST(CliRogues, ASecondSignalEndsATaskThatHangs) {
    const Plugins plugins("hangs-in-process");
    const TemporaryFolder folder;
    write_flat(folder / "in.png", 20, 20, 90);
    const std::string script = std::string(MIRRA_TEST_CLI) + " hangs-in-process " + (folder / "in.png") +
                               " -o " + (folder / "out.png") +
                               " -q & sleep 0.7; kill -TERM $!; sleep 0.3; kill -TERM $!; wait $!";
    EXPECT_EQ(130, WEXITSTATUS(std::system(script.c_str())));
    EXPECT_FALSE(std::filesystem::exists(folder / "out.png"));
}

TEST(CliRogues, RunMeansTheTaskWhereACommandHasItsName) {
    const Plugins plugins("named-as-command");
    const TemporaryFolder folder;
    const Outcome help = run_cli({"run", "tasks", "--help"});
    EXPECT_TRUE(contains(help.out, "--level")) << help.out;
    const Outcome run = run_cli({"run", "tasks", folder / "none.png", "-o", folder / "out.png"});
    EXPECT_EQ(3, run.exit_code) << run.err;
    EXPECT_EQ(0, run_cli({"tasks"}).exit_code);
}

TEST(CliRogues, ParametersThatAreNamedAsOptionsAreHad) {
    const Plugins plugins("params-named-as-options");
    const std::string help = run_cli({"params-named-as-options", "--help"}).out;
    for (const char *option : {"--task-help ", "--task-json ", "--task-device ", "--task-threads "})
        EXPECT_TRUE(contains(help, option)) << option << help;
    EXPECT_EQ(0, run_cli({"completion", "zsh"}).exit_code);
}

TEST(CliRogues, NamesThatAreNoneDoNotReachTheCommandLine) {
    const Plugins plugins("param-dash");
    EXPECT_EQ(0, run_cli({"completion", "bash"}).exit_code);
}

TEST(CliRogues, AForeignTaskOfAKnownNameIsSaid) {
    // The first in the search has the name; that it is not Mirra's own must not go unsaid.
    const Plugins plugins("loud-task-taken");
    const TemporaryFolder folder;
    const Outcome run = run_cli({"denoise", folder / "none.png", "-o", folder / "out.png"});
    EXPECT_TRUE(contains(run.err, "org.example.rogue.loud-task-taken")) << run.err;
    EXPECT_TRUE(contains(run.err, "is had as 'org.mirra.denoiser:denoise'")) << run.err;
    for (const std::vector<std::string> &named :
         {std::vector<std::string>{"org.mirra.denoiser:denoise"}, {"run", "org.mirra.denoiser:denoise"}}) {
        std::vector<std::string> help = named;
        help.emplace_back("--help");
        EXPECT_TRUE(contains(run_cli(help).out, "--sigma")) << "the option of Mirra's own";
    }
}

} // namespace
} // namespace mirra::test
