// `mirra new-plugin`: what it writes builds outside the tree against an installation and passes its test.
#include "cli_support.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace mirra::test {
namespace {

namespace fs = std::filesystem;

bool contains(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

std::string slurp(const std::string &path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// What a shell prints; a test fails if it ends with an error.
std::string shell(const std::string &script) {
    std::string out;
    FILE *pipe = popen(("set -e; exec 2>&1; " + script).c_str(), "r");
    std::array<char, 4096> part{};
    for (std::size_t got = 0; (got = fread(part.data(), 1, part.size(), pipe)) > 0;)
        out.append(part.data(), got);
    EXPECT_EQ(0, pclose(pipe)) << script << "\n" << out;
    return out;
}

/// The two lines of the README that compile the plugin.
std::string compile_lines(const std::string &readme) {
    const std::string text = slurp(readme);
    const auto begin = text.find("flags=");
    return text.substr(begin, text.find("```", begin) - begin);
}

/// Mirra as it is installed, without bundles: program, library, worker, headers, templates.
class CliNewPlugin : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        installed_ = std::make_unique<TemporaryFolder>();
        for (const char *component : {"dev", "tools"})
            shell(std::string(MIRRA_TEST_CMAKE) + " --install " + MIRRA_TEST_BUILD + " --component " +
                  component + " --prefix " + prefix() + " >/dev/null");
        shell("lib=$(dirname $(find " + prefix() + " -name libmirra.so)); built=" + MIRRA_TEST_BUILD +
              "/lib; cp -a $built/libmirra.so* $lib; ln -s $built/mirra $lib/mirra");
    }
    static void TearDownTestSuite() { installed_.reset(); }
    static std::string prefix() { return *installed_ / "sdk"; }

    const TemporaryFolder folder_;

  private:
    static std::unique_ptr<TemporaryFolder> installed_;
};
std::unique_ptr<TemporaryFolder> CliNewPlugin::installed_;

TEST_F(CliNewPlugin, AProjectOfEachLanguageBuildsByCMakeAndPassesItsTest) {
    for (const char *language : {"c", "cpp"}) {
        const std::string project = folder_ / language, build = project + "/build";
        shell("PATH=" + prefix() + "/bin:$PATH; mirra new-plugin my-blur --lang " + language + " --folder " +
              project);
        shell(std::string(MIRRA_TEST_CMAKE) + " -S " + project + " -B " + build +
              " -DCMAKE_PREFIX_PATH=" + prefix() + " && " + MIRRA_TEST_CMAKE + " --build " + build);
        const std::string tested = shell("cd " + build + " && ctest --output-on-failure");
        EXPECT_TRUE(contains(tested, "100% tests passed")) << tested;
        const std::string tasks = shell("MIRRA_PLUGIN_PATH=" + build + " " + prefix() + "/bin/mirra tasks");
        EXPECT_TRUE(contains(tasks, "my-blur  My blur  [org.example.my-blur 1.0.0]")) << tasks;
    }
}

TEST_F(CliNewPlugin, ARustProjectPassesItsTestWithoutAWarning) {
    if (std::system("{ cargo --version && rustc --edition 2024 --print sysroot; } >/dev/null 2>&1") != 0)
        GTEST_SKIP() << "this system has no cargo with Rust 1.85 or newer";
    const std::string project = folder_ / "rust";
    ASSERT_EQ(0, run_cli({"new-plugin", "my-blur", "--lang", "rust", "--folder", project}).exit_code);
    const std::string cargo = "cd " + project + "; export MIRRA_PREFIX=" + prefix() +
                              " CARGO_TARGET_DIR=target RUSTFLAGS='-D warnings'; cargo ";
    EXPECT_TRUE(contains(shell(cargo + "test --offline"), "test plugin_check ... ok"));
    shell(cargo + "build --offline --release; cp target/release/libplugin.so my-blur.so");
    const std::string tasks = shell("MIRRA_PLUGIN_PATH=" + project + " " + prefix() + "/bin/mirra tasks");
    EXPECT_TRUE(contains(tasks, "my-blur  My blur  [org.example.my-blur 1.0.0]")) << tasks;
    if (std::system("cargo fmt --version >/dev/null 2>&1") == 0) shell(cargo + "fmt --check");
}

TEST_F(CliNewPlugin, TheTwoLinesOfTheReadmeCompileIt) {
    for (const char *language : {"c", "cpp"}) {
        const std::string project = folder_ / language;
        ASSERT_EQ(0, run_cli({"new-plugin", "tint", "--lang", language, "--folder", project}).exit_code);
        const std::string configs = shell("dirname $(find " + prefix() + " -name mirra.pc)");
        shell("cd " + project + "; export PKG_CONFIG_PATH=" + configs +
              compile_lines(project + "/README.md"));
        const Outcome check = run_cli({"plugin-check", project + "/tint.so"});
        EXPECT_EQ(0, check.exit_code) << check.out << check.err;
        EXPECT_TRUE(contains(check.out, "\ntint\n")) << check.out;
    }
}

TEST_F(CliNewPlugin, NothingIsWrittenOver) {
    const std::string project = folder_ / "tint";
    ASSERT_EQ(0, run_cli({"new-plugin", "tint", "--folder", project}).exit_code);
    fs::remove(project + "/tint.c");
    write_text(project + "/README.md", "mine");
    const Outcome again = run_cli({"new-plugin", "tint", "--folder", project});
    EXPECT_EQ(4, again.exit_code);
    EXPECT_TRUE(contains(again.err, "is there already")) << again.err;
    EXPECT_EQ("mine", slurp(project + "/README.md"));
    EXPECT_FALSE(fs::exists(project + "/tint.c")) << "all or nothing";
}

TEST_F(CliNewPlugin, AProjectThatCannotBeFinishedIsTakenAway) {
    const std::string project = folder_ / "tint";
    fs::create_directory(project);
    write_text(project + "/tests", "where a folder has to be");
    const Outcome run = run_cli({"new-plugin", "tint", "--lang", "rust", "--folder", project});
    EXPECT_EQ(4, run.exit_code);
    EXPECT_TRUE(contains(run.err, "the folder cannot be made")) << run.err;
    for (const auto &entry : fs::recursive_directory_iterator(project))
        EXPECT_TRUE(entry.is_directory() || entry.path().filename() == "tests") << entry.path();
}

TEST_F(CliNewPlugin, NamesThatNoTaskMayHaveAreRefusedWithTheReason) {
    const std::pair<std::string, std::string> names[] = {{"Blur", "begin with a lower case letter"},
                                                         {"2blur", "begin with a lower case letter"},
                                                         {"", "begin with a lower case letter"},
                                                         {"my_blur", "'_' is none of"},
                                                         {"a/b", "'/' is none of"},
                                                         {"blur-", "between letters and digits only"},
                                                         {std::string(64, 'a'), "more than 63"}};
    for (const auto &[name, reason] : names) {
        const std::string project = folder_ / "refused";
        const Outcome run = run_cli({"new-plugin", name, "--folder", project});
        EXPECT_EQ(2, run.exit_code) << name;
        EXPECT_TRUE(contains(run.err, reason)) << run.err;
        EXPECT_FALSE(fs::exists(project));
    }
    const Outcome longest = run_cli({"new-plugin", std::string(63, 'a'), "--folder", folder_ / "longest"});
    EXPECT_EQ(0, longest.exit_code) << longest.err;
    EXPECT_EQ(2, run_cli({"new-plugin", "blur", "--lang", "cobol", "--folder", folder_ / "x"}).exit_code);
}

TEST_F(CliNewPlugin, ItSaysWhatItWrote) {
    for (const auto &[language, count] : {std::pair("c", 3U), {"cpp", 3U}, {"rust", 8U}}) {
        const std::string project = folder_ / language;
        const auto report =
            run_cli({"new-plugin", "said", "--lang", language, "--folder", project, "--json"}).json();
        EXPECT_EQ(count, report["files"].size());
        for (const auto &file : report["files"]) {
            EXPECT_TRUE(fs::exists(file.get<std::string>())) << file;
            EXPECT_FALSE(contains(slurp(file.get<std::string>()), "@")) << "a mark is left in " << file;
        }
    }
}

} // namespace
} // namespace mirra::test
