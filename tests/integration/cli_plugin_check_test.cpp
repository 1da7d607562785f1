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
        for (const char *name :
             {"descriptions", "session", "plan", "run", "sizes", "formats", "alpha", "repeats", "tiles",
              "regions", "parameters", "wrong values", "memory", "cancel", "two sessions", "two engines"})
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
                    Bad{"stray-crashes-gray", "formats", "17x13 u8 gray", "(Aborted)"}),
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

TEST(CliPluginCheck, CtrlCEndsIt) {
    const Outcome run =
        run_cli({"plugin-check", zoo("stray-deaf")}, Signal{SIGINT, std::chrono::milliseconds(1500)});
    EXPECT_EQ(130, run.exit_code) << run.out << run.err;
}

} // namespace
} // namespace mirra::test
