// The commands that look at what is installed, and the handling of wrong command lines.
#include "cli_support.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace mirra::test {
namespace {

TEST(Cli, PrintsItsVersion) {
    const Outcome run = run_cli({"--version"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out.rfind("mirra ", 0), 0U) << run.out;
}

TEST(Cli, HelpListsTasksCommandsAndExitCodes) {
    const Outcome run = run_cli({"--help"});
    EXPECT_EQ(run.exit_code, 0);
    for (const char *word : {"denoise", "compare", "Exit codes", "130"})
        EXPECT_NE(run.out.find(word), std::string::npos) << word;
}

TEST(Cli, WithoutArgumentsIsAUsageError) {
    EXPECT_EQ(run_cli({}).exit_code, 2);
}

TEST(Cli, HelpOfATaskComesFromItsSchema) {
    const Outcome run = run_cli({"denoise", "--help"});
    EXPECT_EQ(run.exit_code, 0);
    for (const char *word : {"--sigma", "--strength", "--bundle", "--memory-limit", "--output"})
        EXPECT_NE(run.out.find(word), std::string::npos) << word;
}

TEST(Cli, RunTaskIsTheTask) {
    EXPECT_EQ(run_cli({"run", "denoise", "--help"}).out, run_cli({"denoise", "--help"}).out);
}

TEST(Cli, UnknownCommandIsNamedAndTasksAreListed) {
    const Outcome run = run_cli({"denoize"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err.rfind("mirra: ", 0), 0U) << run.err;
    EXPECT_NE(run.err.find("denoize"), std::string::npos) << run.err;
    EXPECT_NE(run.err.find("denoise"), std::string::npos) << run.err;
}

TEST(Cli, UnknownOptionIsAUsageError) {
    EXPECT_EQ(run_cli({"tasks", "--nonsense"}).exit_code, 2);
}

TEST(Cli, ParametersOutOfRangeAreRefusedBeforeAnythingIsLoaded) {
    for (const char *value : {"-1", "1e9", "nan", "many", ""}) {
        const Outcome run = run_cli({"denoise", "missing.png", "-o", "x.png", "--sigma", value});
        EXPECT_EQ(run.exit_code, 2) << value << ": " << run.err;
    }
}

TEST(Cli, EmptyNamesAreUsageErrors) {
    EXPECT_EQ(run_cli({"denoise", "", "-o", "x.png"}).exit_code, 2);
    EXPECT_EQ(run_cli({"info", ""}).exit_code, 2);
}

TEST(Cli, APatternThatFitsFoldersAloneIsAnError) {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder / "pictures/inner");
    const Outcome run = run_cli({"denoise", folder / "pictures/*", "-o", folder / "out"});
    EXPECT_EQ(run.exit_code, 3) << run.err;
    EXPECT_NE(run.err.find("no file fits"), std::string::npos) << run.err;
}

TEST(Cli, ASheetReplacesNeitherInputNorOutput) {
    const TemporaryFolder folder;
    write_waves(folder / "in.png", 32, 32);
    for (const char *sheet : {"in.png", "out.png"}) {
        const Outcome run =
            run_cli({"denoise", folder / "in.png", "-o", folder / "out.png", "--compare", folder / sheet});
        EXPECT_EQ(run.exit_code, 2) << run.err;
    }
    EXPECT_EQ(folder.names(), std::vector<std::string>{"in.png"});
}

TEST(Cli, UsageErrorsAreJsonWhereAskedFor) {
    const Outcome run = run_cli({"compare", "only-one.png", "--json"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.json()["error"]["exit_code"], 2);
    EXPECT_EQ(run.json()["error"]["code"], "usage");
}

TEST(Cli, WhatIsMistypedIsSuggested) {
    const auto hint = [](const std::vector<std::string> &arguments) {
        const Outcome run = run_cli(arguments);
        EXPECT_EQ(run.exit_code, 2) << run.err;
        return run.err;
    };
    EXPECT_NE(hint({"denoize", "a.png"}).find("Did you mean 'denoise'?"), std::string::npos);
    EXPECT_NE(hint({"run", "dneoise", "a.png"}).find("Did you mean 'denoise'?"), std::string::npos);
    EXPECT_NE(hint({"comapre"}).find("Did you mean 'compare'?"), std::string::npos);
    EXPECT_NE(hint({"denoise", "a.png", "-o", "b.png", "--sigm=25"}).find("Did you mean '--sigma'?"),
              std::string::npos);
    EXPECT_EQ(hint({"sharpen", "a.png"}).find("Did you mean"), std::string::npos);
}

TEST(Cli, MessagesNameTheOption) {
    const TemporaryFolder folder;
    write_waves(folder / "in.png", 16, 16);
    const auto run = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"denoise", folder / "in.png", "-o", folder / "out.png"});
        return run_cli(more);
    };
    const Outcome bundle = run({"--bundle", "nowhere.mirra"});
    EXPECT_EQ(bundle.exit_code, 5);
    EXPECT_NE(bundle.err.find("'nowhere.mirra' (--bundle)"), std::string::npos) << bundle.err;
    EXPECT_EQ(run({"--bundle", "nowhere.mirra", "--json"}).json()["error"]["option"], "--bundle");
    const Outcome device = run({"--device", "abacus"});
    EXPECT_EQ(device.exit_code, 5);
    EXPECT_NE(device.err.find("(--device)"), std::string::npos) << device.err;
    const Outcome threads = run({"--threads", "9999"});
    EXPECT_EQ(threads.exit_code, 2);
    EXPECT_NE(threads.err.find("--threads: '9999' is not accepted: 1 ... 1024. "), std::string::npos)
        << threads.err;
    EXPECT_EQ(run({"--threads", "9999", "--json"}).json()["error"]["option"], "--threads");
    const Outcome map = run({"--noise-map", folder / "none.png"});
    EXPECT_EQ(map.exit_code, 3);
    EXPECT_NE(map.err.find("(--noise-map " + (folder / "none.png") + ")"), std::string::npos) << map.err;
}

TEST(Cli, NumbersAreWrittenAsPeopleWriteThem) {
    const Outcome run = run_cli({"noise", "a.png", "-o", "b.png", "--sigma", "1e9"});
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("'1e9' is not accepted: 0 ... 255"), std::string::npos) << run.err;
    EXPECT_NE(run_cli({"sheet", "a.png", "-o", "b.png", "--zoom-factor", "0"}).err.find("1 ... 32"),
              std::string::npos);
    EXPECT_NE(
        run_cli({"compare", "a.png", "b.png", "--max-pixels", "0"}).err.find("1 ... 4611686018427387904"),
        std::string::npos);
}

TEST(CliTasks, ListsTheDenoiserWithItsParameters) {
    const auto tasks = run_cli({"tasks", "--json"}).json()["tasks"];
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [](const auto &t) { return t["name"] == "denoise"; });
    ASSERT_NE(found, tasks.end());
    EXPECT_NE(run_cli({"tasks"}).out.find("--sigma"), std::string::npos);
}

TEST(CliTasks, StartsFast) {
#ifdef MIRRA_TEST_SANITIZED
    GTEST_SKIP() << "under sanitizers the start is slow";
#endif
    // Processor time, so that other programs on the machine do not count.
    double best = 1e9;
    for (int i = 0; i < 10; ++i) best = std::min(best, run_cli({"tasks"}).cpu_seconds);
    EXPECT_LT(best, 0.050);
}

TEST(CliDevices, TheProcessorIsFirstAndUsable) {
    const auto devices = run_cli({"devices", "--json"}).json()["devices"];
    ASSERT_FALSE(devices.empty());
    EXPECT_EQ(devices[0]["id"], "cpu");
    EXPECT_TRUE(devices[0]["usable"]);
    EXPECT_GT(devices[0]["memory_bytes"], 0);
}

TEST(CliDoctor, ExitCodeSaysWhetherThereAreProblems) {
    const Outcome run = run_cli({"doctor", "--json"});
    const auto report = run.json();
    EXPECT_EQ(run.exit_code, report["problems"].empty() ? 0 : 5) << run.out;
    EXPECT_FALSE(report["plugins"].empty());
    EXPECT_EQ(run_cli({"doctor"}).exit_code, run.exit_code);
}

TEST(CliDoctor, NamesAPluginThatIsNone) {
    const TemporaryFolder folder;
    write_text(folder / "broken.so", "this is no library");
    setenv("MIRRA_PLUGIN_PATH", (folder / "").c_str(), 1);
    const Outcome run = run_cli({"doctor"});
    unsetenv("MIRRA_PLUGIN_PATH");
    EXPECT_EQ(run.exit_code, 5);
    EXPECT_NE(run.out.find("broken.so"), std::string::npos) << run.out;
}

TEST(CliInfo, WithoutAFileNamesTheVersion) {
    EXPECT_EQ(run_cli({"info", "--json"}).json()["abi"], 1);
}

TEST(CliInfo, DamagedFilesAreInputErrors) {
    const TemporaryFolder folder;
    for (const char *name : {"a.mirra", "a.safetensors", "a.png", "a.jpg"}) {
        write_text(folder / name, "damaged");
        EXPECT_EQ(run_cli({"info", folder / name}).exit_code, 3) << name;
    }
}

TEST(CliInfo, GraphsAreTables) {
    const std::string out = run_cli({"info", "denoiser.mirra"}).out;
    EXPECT_NE(out.find("graph denoiser: image (3 channels), noise_level (1 channel) -> image\n"),
              std::string::npos)
        << out;
    EXPECT_NE(out.find("parameters: 2303548\n"), std::string::npos) << out;
    const auto row = out.find("  encoder.input ");
    ASSERT_NE(row, std::string::npos) << out;
    const std::string line = out.substr(row, out.find('\n', row) - row);
    for (const char *part : {" conv2d ", " haar_analysis_1 ", " 16 -> 48 ", "kernel 3, padding 1, stride 1"})
        EXPECT_NE(line.find(part), std::string::npos) << line;
    EXPECT_EQ(out.find('{'), std::string::npos) << out;
}

TEST(CliGraph, MissingBundleIsASetupError) {
    const TemporaryFolder folder;
    const Outcome run =
        run_cli({"graph", folder / "no.mirra", "--in", folder / "x", "--out", folder / "y.safetensors"});
    EXPECT_EQ(run.exit_code, 5) << run.err;
}

TEST(CliGraph, OfSeveralOptionsWithOneTextNoneIsBlamed) {
    const TemporaryFolder folder;
    const std::string name = folder / "no.png", other = folder / "other";
    for (const auto &arguments :
         std::vector<std::vector<std::string>>{{"graph", name, "--in", other, "--out", name, "--json"},
                                               {"graph", name, "--in", name, "--out", other, "--json"},
                                               {"denoise", name, "-o", name, "--json"}}) {
        const Outcome run = run_cli(arguments);
        const auto error = run.json()["error"];
        EXPECT_EQ(error["subject"], name);
        EXPECT_EQ(error["option"], "") << error;
    }
    const std::string unknown = folder / "a.unknown";
    const auto output = run_cli({"denoise", unknown, "-o", unknown, "--json"}).json()["error"];
    EXPECT_EQ(output["option"], "--output") << "what cannot be written is no input: " << output;
}

TEST(CliCompletion, KnowsTasksAndOptions) {
    const Outcome run = run_cli({"completion", "bash"});
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_NE(run.out.find("--sigma"), std::string::npos);
    EXPECT_NE(run.out.find("complete -o default -F _mirra_words mirra"), std::string::npos);
}

bool obeys_nothing(const std::string &text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\n'; }) &&
           text.find("\xc2\x9b") == std::string::npos && text.find("\xe2\x80\xae") == std::string::npos;
}

TEST(Cli, NoEscapeSequenceOfAFileReachesTheTerminal) {
    const TemporaryFolder folder;
    const std::string title = "\x1b]0;PWNED\x07\x1b[31mred\x7f\xc2\x9b\xe2\x80\xae";
    // A safetensors header that names the same tensor twice: the message quotes the name.
    const std::string quoted = R"("\u001b]0;PWNED\u0007\u001b[31mred")";
    std::string header = R"({"__metadata__":{},)" + quoted + ":1," + quoted + ":2}";
    header.insert(0, std::string{static_cast<char>(header.size()), 0, 0, 0, 0, 0, 0, 0});
    write_text(folder / "escape.mirra", header);
    const Outcome twice = run_cli({"info", folder / "escape.mirra"});
    EXPECT_EQ(twice.exit_code, 3);
    EXPECT_TRUE(obeys_nothing(twice.err)) << twice.err;
    EXPECT_NE(twice.err.find("\\x1b]0;PWNED\\x07"), std::string::npos) << twice.err;

    const std::string name = folder / (title + "\nmirra: all is well.png");
    const Outcome missing = run_cli({"compare", name, name});
    EXPECT_EQ(missing.exit_code, 3);
    EXPECT_TRUE(obeys_nothing(missing.err)) << missing.err;
    EXPECT_EQ(std::count(missing.err.begin(), missing.err.end(), '\n'), 1) << missing.err;
}

TEST(Cli, JsonSaysNamesExactlyAndPrintably) {
    const TemporaryFolder folder;
    const std::string path = folder / "a\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xc3\xa9\n.png";
    write_flat(path, 20, 20, 128);
    const Outcome info = run_cli({"info", path, "--json"});
    EXPECT_EQ(info.exit_code, 0) << info.err;
    EXPECT_EQ(info.json()["file"], path);
    EXPECT_TRUE(obeys_nothing(info.out)) << info.out;
    EXPECT_NE(info.out.find("\xc3\xa9"), std::string::npos) << "ordinary letters stay";
    EXPECT_TRUE(obeys_nothing(run_cli({"info", path}).out));
}

} // namespace
} // namespace mirra::test
