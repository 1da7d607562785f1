// `mirra plugin-check`: good plugins pass, and of bad ones it says what is wrong.
#include "cli_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <set>

namespace mirra::test {
namespace {

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

std::string zoo(const std::string &name) {
    return std::string(MIRRA_TEST_ZOO) + "/" + name + ".so";
}

/// What a check of the first task found, or that of loading.
nlohmann::json check_of(const nlohmann::json &report, const std::string &name) {
    if (name == "loads") return report["loads"];
    for (const auto &check : report["tasks"].at(0)["checks"])
        if (check["name"] == name) return check;
    return {{"result", "absent"}};
}

/// The checks that failed.
std::set<std::string> failed(const nlohmann::json &report) {
    std::set<std::string> names;
    if (report["loads"]["result"] == "failed") names.insert("loads");
    for (const auto &task : report["tasks"])
        for (const auto &check : task["checks"])
            if (check["result"] == "failed") names.insert(check["name"].get<std::string>());
    return names;
}

Outcome check_file(const std::string &file, const std::vector<std::string> &more = {}) {
    std::vector<std::string> arguments{"plugin-check", file, "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_cli(arguments);
}

TEST(CliPluginCheck, TheTemplatesPassEveryCheck) {
    for (const char *file : {MIRRA_TEST_TEMPLATE, MIRRA_TEST_TEMPLATE_CPP}) {
        const Outcome run = check_file(file);
        ASSERT_EQ(0, run.exit_code) << run.out << run.err;
        const auto report = run.json();
        EXPECT_EQ(0, report["failed"]);
        for (const char *name : {"descriptions", "session", "plan", "run", "destroy", "names", "process",
                                 "sizes", "formats", "alpha", "repeats", "tiles", "regions", "parameters",
                                 "wrong values", "memory", "cancel", "two sessions", "two engines"})
            EXPECT_EQ("ok", check_of(report, name)["result"]) << name << ": " << check_of(report, name);
        EXPECT_EQ("not_checked", check_of(report, "results")["result"]) << "it has none";
    }
}

TEST(CliPluginCheck, ForPeopleEachCheckIsALine) {
    const Outcome run = run_cli({"plugin-check", MIRRA_TEST_TEMPLATE});
    EXPECT_EQ(0, run.exit_code) << run.err;
    EXPECT_TRUE(contains(run.out, "org.example.gain 1.0.0")) << run.out;
    EXPECT_TRUE(contains(run.out, "  ok           tiles")) << run.out;
    EXPECT_TRUE(contains(run.out, "no fault found")) << run.out;
}

/// A plugin, the one check that it fails, and what is said of it.
struct Bad {
    const char *name, *check, *where, *what;
};
// Names of tests show it.
void PrintTo(const Bad &bad, std::ostream *out) {
    *out << bad.name;
}

class CliPluginCheckBad : public testing::TestWithParam<Bad> {};

TEST_P(CliPluginCheckBad, IsFoundByTheCheckThatIsForIt) {
    const Bad &bad = GetParam();
    const Outcome run = check_file(zoo(bad.name), {"--time-limit", "8"});
    EXPECT_EQ(5, run.exit_code) << run.out << run.err;
    const auto report = run.json();
    EXPECT_EQ(std::set<std::string>{bad.check}, failed(report)) << report.dump(1);
    std::string all;
    const auto check = check_of(report, bad.check);
    for (const auto &finding : check["findings"])
        if (finding["result"] == "failed")
            all += finding["where"].get<std::string>() + "|" + finding["what"].get<std::string>() + "\n";
    EXPECT_TRUE(contains(all, bad.where)) << all;
    EXPECT_TRUE(contains(all, bad.what)) << all;
}

INSTANTIATE_TEST_SUITE_P(
    Each, CliPluginCheckBad,
    testing::Values(Bad{"no-symbol", "loads", "", "mirra_plugin_query_v1"},
                    Bad{"bad-name", "loads", "", "Not A Name"},
                    Bad{"crashes-in-init", "loads", "", "(Aborted)"},
                    Bad{"stray-by-tile", "tiles", "in 9 tiles",
                        "differ from the whole: output 'output' by up to"},
                    Bad{"stray-on-request", "tiles", "in 9 tiles", "differ from the whole: output 'output'"},
                    Bad{"stray-greedy", "memory", "300x220 u8 RGB", "the plan said"},
                    Bad{"stray-deaf", "cancel", "after a tenth of its time", "the run went on for"},
                    Bad{"stray-shared", "two sessions", "two sessions", "not in a static"},
                    Bad{"stray-once", "two engines", "two engines in one process", "stray"},

                    Bad{"stray-no-score", "results", "output 'score'", "number"},
                    Bad{"stray-slow-to-begin", "session", "a session", "within 8 s"},
                    Bad{"stray-crashes-gray", "formats", "17x13 u8 gray", "(Aborted)"},
                    Bad{"intruder-sets-locale", "process", "a run of 64x64", "the locale of C is 'C."},
                    Bad{"intruder-sets-cpp-locale", "process", "a run of", "the global locale of C++ is '"},
                    Bad{"intruder-changes-folder", "process", "a run of", "the working folder is '/'"},
                    Bad{"intruder-sets-umask", "process", "destroy", "the umask is '0123'"},
                    Bad{"intruder-handles-signals", "process", "create", "(Interrupt)"},
                    Bad{"intruder-prints", "process", "a run of", "it wrote 23 bytes to the standard output"},
                    Bad{"intruder-throws-in-destroy", "destroy", "destroy", "threw an exception"},
                    Bad{"intruder-speaks-latin", "descriptions", "port 'image'", "no UTF-8"}),
    [](const testing::TestParamInfo<Bad> &bad) {
        std::string name = bad.param.name;
        std::ranges::replace(name, '-', '_');
        return name;
    });

TEST(CliPluginCheck, AFaultThatManyChecksMeetIsSaidByEachAndEndsNone) {
    setenv("MIRRA_RUNTIME_MODULE", MIRRA_TEST_FAKE_RUNTIME, 1);
    for (const auto &[name, what] : {std::pair<const char *, const char *>{"wrong-shape", "shape"},
                                     {"fails-silently", "4242"},
                                     {"wide-halo", "halo"}}) {
        const auto report = check_file(zoo(name)).json();
        EXPECT_TRUE(failed(report).contains("sizes")) << name << report.dump(1);
        EXPECT_TRUE(contains(check_of(report, "sizes").dump(), what)) << name << report.dump(1);
        EXPECT_NE("absent", check_of(report, "two engines")["result"]) << "the last one runs all the same";
    }
    const auto report = check_file(zoo("stray-counts")).json();
    EXPECT_TRUE(failed(report).contains("repeats")) << report.dump(1);
}

TEST(CliPluginCheck, ACrashAndAHangAreReportedWithTheirParameter) {
    const Outcome run = check_file(zoo("ends"), {"--time-limit", "3"});
    EXPECT_EQ(5, run.exit_code) << run.err;
    const auto report = run.json();
    EXPECT_EQ(std::set<std::string>{"parameters"}, failed(report)) << report.dump(1);
    const std::string found = check_of(report, "parameters").dump();
    for (const char *part : {"'how' = crash", "(Segmentation fault)", "'how' = abort", "(Aborted)",
                             "'how' = exit", "exit code 7", "'how' = hang", "within 3 s"})
        EXPECT_TRUE(contains(found, part)) << part << ": " << found;
    EXPECT_FALSE(contains(found, "slow")) << found;
    EXPECT_EQ("warning", check_of(report, "descriptions")["result"]) << "it has no labels";
}

TEST(CliPluginCheck, ParametersOfAllRunsAreChecked) {
    const auto report = check_file(zoo("ends"), {"--time-limit", "3", "--set", "how=abort"}).json();
    EXPECT_TRUE(failed(report).contains("sizes")) << report.dump(1);
    EXPECT_EQ(2, check_file(zoo("ends"), {"--set", "how"}).exit_code);
}

TEST(CliPluginCheck, AFileThatIsNotThereAndATaskThatIsNotItsOwnAreErrors) {
    EXPECT_EQ(3, check_file(zoo("none-of-this-name")).exit_code);
    const Outcome run = check_file(MIRRA_TEST_TEMPLATE, {"--task", "denoise"});
    EXPECT_EQ(2, run.exit_code) << run.err;
    EXPECT_TRUE(contains(run.err, "gain")) << run.err;
}

TEST(CliPluginCheck, ATaskThatHasNoBundleOfItsOwnAsksForOne) {
    const auto report = check_file(MIRRA_TEST_ANOMALY).json();
    EXPECT_EQ(std::set<std::string>{"session"}, failed(report)) << report.dump(1);
    EXPECT_TRUE(contains(check_of(report, "session").dump(), "--bundle names one")) << report.dump(1);
}

TEST(CliPluginCheck, WhatAPluginPutsBackAndWhatTheLibrarySeesToIsNoFault) {
    for (const char *name : {"intruder-behaves", "intruder-tidies-up"})
        EXPECT_EQ(std::set<std::string>{}, failed(check_file(zoo(name)).json())) << name;
}

TEST(CliPluginCheck, NamesOfOtherPluginsAreSaid) {
    setenv("MIRRA_PLUGIN_PATH", MIRRA_TEST_TEMPLATE, 1);
    const auto id = check_file(zoo("intruder-takes-id")).json(),
               task = check_file(zoo("intruder-takes-task")).json(),
               itself = check_file(MIRRA_TEST_TEMPLATE).json();
    unsetenv("MIRRA_PLUGIN_PATH");
    EXPECT_EQ(std::set<std::string>{"names"}, failed(id)) << id.dump(1);
    EXPECT_TRUE(contains(check_of(id, "names").dump(), MIRRA_TEST_TEMPLATE)) << id.dump(1);
    EXPECT_EQ("warning", check_of(task, "names")["result"]) << "it is had by its id, too";
    EXPECT_TRUE(contains(check_of(task, "names").dump(), "org.example.gain")) << task.dump(1);
    EXPECT_EQ("ok", check_of(itself, "names")["result"]) << itself.dump(1);
}

TEST(CliPluginCheck, AnotherBuildOfAPluginMayHaveItsNames) {
    setenv("MIRRA_PLUGIN_PATH", zoo("stray-by-tile").c_str(), 1);
    const auto report = check_file(zoo("stray-on-request")).json();
    unsetenv("MIRRA_PLUGIN_PATH");
    EXPECT_EQ("ok", check_of(report, "names")["result"]) << report.dump(1);
}

/// Well before the time limit, a minute for each call, and without the same of every later run.
TEST(CliPluginCheck, ARunThatWaitsForNothingIsEndedSoonAndIsTheLast) {
    const auto begin = std::chrono::steady_clock::now();
    const auto report = check_file(zoo("hangs-in-process")).json();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
    EXPECT_EQ(std::set<std::string>{"run"}, failed(report)) << report.dump(1);
    EXPECT_TRUE(contains(check_of(report, "run").dump(), "did nothing for 15 s")) << report.dump(1);
    EXPECT_EQ("absent", check_of(report, "sizes")["result"]);
}

TEST(CliPluginCheck, CtrlCEndsIt) {
    const Outcome run =
        run_cli({"plugin-check", zoo("stray-deaf")}, Signal{SIGINT, std::chrono::milliseconds(1500)});
    EXPECT_EQ(130, run.exit_code) << run.out << run.err;
}

/// As when a command that has made the folder fails while this one, which found it there, computes.
TEST(CliPluginCheck, AFolderThatAnotherCommandTakesAwayIsMadeAgain) {
    const TemporaryFolder folder;
    const std::string input = folder / "in.png", results = folder / "new/results";
    write_waves(input, 64, 48);
    std::filesystem::create_directories(results);
    setenv("MIRRA_PLUGIN_PATH", zoo("stray-clears-away").c_str(), 1);
    setenv("STRAY_FOLDER", results.c_str(), 1);
    const Outcome run = run_cli({"stray", input, "-o", results + "/", "--sidecar"});
    const Outcome none = run_cli({"stray", input, "-o", folder / "none/out.png"});
    unsetenv("STRAY_FOLDER");
    unsetenv("MIRRA_PLUGIN_PATH");
    EXPECT_EQ(0, run.exit_code) << run.err;
    EXPECT_TRUE(std::filesystem::exists(results + "/in.png.json"));
    EXPECT_EQ(4, none.exit_code) << "a folder that was not there from the beginning is the caller's to make";
    EXPECT_FALSE(std::filesystem::exists(folder / "none"));
}

} // namespace
} // namespace mirra::test
