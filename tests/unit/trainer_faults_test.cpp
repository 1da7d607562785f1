// mirra-train is killed at its calls on files, or they fail: nothing is half there, and the next start goes
// on.
#include "mirra/bundle.hpp"
#include "mirra/file.hpp"
#include "mirra/graph.hpp"
#include "trainer_process.hpp"
#include "trainer_support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include <sys/stat.h>

namespace {

using namespace mirra;
using test::TrainProcess;
namespace fs = std::filesystem;

constexpr const char *kRecipe = R"(
[network]
channels = [8, 8]
blocks = [1, 1]
[data]
crop = 32
batch = 2
[optimizer]
steps = 6
[validation]
every = 3
pictures = 1
[training]
precision = "fp32"
)";

class TrainerFaults : public testing::Test {
  protected:
    TrainerFaults() {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        std::ofstream(recipe_) << kRecipe;
    }
    [[nodiscard]] std::vector<std::string> training(const fs::path &output) const {
        return {"denoiser", "--data", pictures_, "--recipe", recipe_, "-o", output, "--threads", "1"};
    }
    /// As how = KILL or an errno says, from the `call`-th on that concerns a file below the folder.
    [[nodiscard]] test::Variables faulty(const fs::path &below, int call, const char *how) const {
        return {{"LD_PRELOAD", MIRRA_TEST_FAULTY_FILES},
                {"FAULTY_FOLDER", below.string()},
                {"FAULTY_CALL", std::to_string(call)},
                {"FAULTY_HOW", how},
                {"FAULTY_MARK", mark().string()}};
    }
    [[nodiscard]] fs::path mark() const { return folder_ / "mark"; }
    [[nodiscard]] int run(const std::vector<std::string> &words, const test::Variables &variables) const {
        TrainProcess process(words, variables, folder_ / "log");
        return process.wait();
    }
    static std::string content(const fs::path &path) {
        const auto bytes = read_file(path, 1 << 24);
        return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
    }

    fs::path folder_ = test::scratch() + "faults";
    fs::path recipe_ = folder_ / "recipe.toml";
    std::string pictures_ = test::make_pictures("faulty", 4, 40, 40).string();
};

TEST_F(TrainerFaults, AKilledTrainingGoesOnAndEndsAsAnUninterruptedOne) {
    const auto whole = folder_ / "whole.mirra";
    ASSERT_EQ(run(training(whole), {}), 0) << content(folder_ / "log");
    const auto sha = bundle::Bundle::open(whole)->sha256();
    // Several calls a file: in the middle of the record, the checkpoints, the log, the curves and the bundle.
    for (const int call : {2, 7, 11, 13, 17, 22, 26, 29}) {
        const auto below = folder_ / ("killed" + std::to_string(call));
        fs::create_directories(below);
        fs::remove(mark());
        const int status = run(training(below / "x.mirra"), faulty(below, call, "KILL"));
        ASSERT_EQ(status, fs::exists(mark()) ? -SIGKILL : 0) << call;
        ASSERT_EQ(run(training(below / "x.mirra"), {}), 0) << call << ": " << content(folder_ / "log");
        EXPECT_EQ(bundle::Bundle::open(below / "x.mirra")->sha256(), sha) << call;
    }
}

TEST_F(TrainerFaults, ADiskThatIsFullLeavesTheLastGoodCheckpoint) {
    const auto output = folder_ / "full" / "x.mirra";
    fs::create_directories(output.parent_path());
    for (const int call : {3, 12, 18, 24}) {
        auto variables = faulty(output.parent_path(), call, "ENOSPC");
        variables["FAULTY_CALL"] += "+";
        EXPECT_NE(run(training(output), variables), 0) << call;
        EXPECT_NE(content(folder_ / "log").find("No space left"), std::string::npos)
            << content(folder_ / "log");
        const auto checkpoint = output.string() + ".run/checkpoint.safetensors";
        if (fs::exists(checkpoint)) {
            EXPECT_NO_THROW(bundle::TensorFile::open(checkpoint)) << call;
        }
        for (const auto &entry : fs::recursive_directory_iterator(output.parent_path()))
            EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
    }
    EXPECT_EQ(run(training(output), {}), 0) << content(folder_ / "log");
}

TEST_F(TrainerFaults, AnImportIsWholeOrNotThere) {
    graph::Builder builder("network");
    builder.output("y", builder.conv2d(builder.input("x", 3), {.in = 3, .out = 8}, "conv"));
    const auto graph = builder.finish();
    write_file(folder_ / "graph.json", graph::to_json(graph));
    std::map<std::string, bundle::TensorView> tensors;
    const std::vector<float> values(8 * 3 * 3 * 3, 0.5F);
    for (const auto &[name, shape] : graph::weight_shapes(graph))
        tensors[name] = {bundle::DType::f32, shape, std::as_bytes(std::span(values))};
    bundle::write_tensors(folder_ / "weights.safetensors", tensors);
    const auto below = folder_ / "import";
    fs::create_directories(below);
    const std::vector<std::string> words{"import",
                                         "--graph",
                                         folder_ / "graph.json",
                                         folder_ / "weights.safetensors",
                                         "-o",
                                         below / "x.mirra",
                                         "--licence",
                                         "CC0-1.0"};
    ASSERT_EQ(run(words, {}), 0) << content(folder_ / "log");
    const auto old = content(below / "x.mirra");
    for (int call = 1; call < 40; ++call) {
        fs::remove(mark());
        const int status = run(words, faulty(below, call, "KILL"));
        EXPECT_EQ(content(below / "x.mirra"), old) << call;
        if (status == 0) break;
        EXPECT_EQ(status, -SIGKILL);
    }
    EXPECT_FALSE(fs::exists(mark()));
}

TEST_F(TrainerFaults, SignalsThatTheCallerIgnoresStayIgnored) {
    const auto recipe = folder_ / "long.toml";
    std::ofstream(recipe) << std::string(kRecipe).replace(std::string(kRecipe).find("steps = 6"), 9,
                                                          "steps = 3000");
    auto words = training(folder_ / "ignored.mirra");
    words[4] = recipe;
    const auto before = std::signal(SIGHUP, SIG_IGN);
    TrainProcess process(words, {}, folder_ / "log");
    std::signal(SIGHUP, before);
    ASSERT_TRUE(process.wait_for_file(folder_ / "ignored.mirra.run" / "checkpoint.safetensors"))
        << process.output();
    process.signal(SIGHUP);
    EXPECT_EQ(process.wait(), 0) << process.output();
    auto stopped = training(folder_ / "stopped.mirra");
    stopped[4] = recipe;
    TrainProcess other(stopped, {}, folder_ / "log2");
    ASSERT_TRUE(other.wait_for_file(folder_ / "stopped.mirra.run" / "checkpoint.safetensors"))
        << other.output();
    other.signal(SIGHUP);
    const int status = other.wait();
    EXPECT_TRUE(status == 130 || status == -SIGHUP) << status << other.output();
}

TEST_F(TrainerFaults, OptionsAreFiniteAndPicturesWithinTheLimit) {
    EXPECT_NE(run({"eval", "denoising", "--data", pictures_, "--bundle", "x.mirra", "--sigma", "nan"}, {}),
              0);
    EXPECT_NE(run({"overlap", "--data", pictures_, "--against", pictures_, "--correlation", "nan"}, {}), 0);
    for (const auto &licence : {std::string("caf\xe9"), std::string("two\nlines"), std::string(1001, 'x')}) {
        auto unwritable = training(folder_ / "licence.mirra");
        unwritable.insert(unwritable.end(), {"--licence", licence});
        EXPECT_NE(run(unwritable, {}), 0);
        EXPECT_FALSE(fs::exists(folder_ / "licence.mirra.run")) << "known before the training";
    }
    auto words = training(folder_ / "limited.mirra");
    words.insert(words.end(), {"--max-pixels", "1599"}); // the pictures have 1600
    EXPECT_NE(run(words, {}), 0);
    words.back() = "1600";
    EXPECT_EQ(run(words, {}), 0) << content(folder_ / "log");
    // What reads no pictures has no such limit, and it is no network to import.
    EXPECT_NE(run({"import", recipe_, "-o", folder_ / "i.mirra", "--max-pixels", "9"}, {}), 0);
    EXPECT_NE(content(folder_ / "log").find("[--arch,--graph]"), std::string::npos)
        << content(folder_ / "log");
}

} // namespace
