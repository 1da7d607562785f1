// Bad plugins: each is passed over with its reason, or its session fails with an error, and the host lives.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string zoo(const std::string &animal) {
    return std::string(MIRRA_TEST_ZOO) + "/" + animal + ".so";
}

/// The record of the last file of a search path.
mirra_plugin_record last_record(const Engine &engine) {
    MIRRA_STRUCT(mirra_plugin_record, record);
    const std::uint32_t count = mirra_engine_plugin_count(engine.get());
    EXPECT_GT(count, 0U);
    EXPECT_OK(mirra_engine_plugin(engine.get(), count - 1, &record, error));
    return record;
}

struct Animal {
    const char *name;
    const char *reason;
};

class PluginZoo : public ::testing::TestWithParam<Animal> {};

TEST_P(PluginZoo, IsPassedOverWithItsReason) {
    const std::string path = std::string(MIRRA_TEST_PLUGINS) + ":" + zoo(GetParam().name);
    const Engine engine = make_engine(path.c_str());
    const mirra_plugin_record record = last_record(engine);
    EXPECT_EQ(0, record.loaded);
    EXPECT_EQ(0U, record.task_count);
    EXPECT_THAT(record.path, HasSubstr(GetParam().name));
    EXPECT_THAT(record.reason, HasSubstr(GetParam().reason));
    EXPECT_EQ(5U, mirra_engine_task_count(engine.get())) << "the good plugins are still there";
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, PluginZoo,
    ::testing::Values(
        Animal{"no-symbol", "exports no mirra_plugin_query_v1"},
        Animal{"abi-too-new", "plugin ABI 7 to 9, this library 1. Install a newer Mirra"},
        Animal{"abi-too-old", "plugin ABI 0, this library 1"}, Animal{"init-fails", "the zoo is closed"},
        Animal{"scribbles-size", "wrote over"}, Animal{"scribbles-beyond", "wrote over"},
        Animal{"same-id", "already loaded from"}, Animal{"null-functions", "lacks one of create"},
        Animal{"no-init", "no init function"}, Animal{"no-tasks", "registered no task"},
        Animal{"declines", "declined"}, Animal{"bad-default", "default that it does not allow"},
        Animal{"bad-name", "'Not A Name'"}, Animal{"optional-first-input", "optional first image input"},
        Animal{"unknown-task-flag", "flag"}, Animal{"unknown-port-flag", "'image' has a flag"},
        Animal{"unknown-param-flag", "'level' has a flag"},
        Animal{"reserved-param", "'level' uses the reserved field"},
        Animal{"series-without-count", "'level' is of a series, but its max_count is below 2"},
        Animal{"count-without-series", "'level' has a max_count, but names no series"},
        Animal{"numbered-series", "'level_2' begins a series"},
        Animal{"stated-place", "'level' states its place in a series"},
        Animal{"endless-series", "too many ports or parameters"},
        Animal{"series-meets-name", "'level_3' and 'level-3'"},
        Animal{"pixels-of-text", "'some_text' counts pixels, but is no number"},
        Animal{"condition-of-none", "'nothing=1', which does not name another parameter"},
        Animal{"condition-of-itself", "'level=1', which does not name another parameter"},
        Animal{"condition-of-no-value", "'some_text=#000000|green': some_text cannot be 'green'"},
        Animal{"names-alike", "'a_b' and 'a-b'"}, Animal{"digit-first", "'2level'"},
        Animal{"bad-color", "some_text cannot be '#12345'"}, Animal{"is-not-there", "no such file"}),
    [](const auto &animal) {
        std::string name = animal.param.name;
        std::erase(name, '-');
        return name;
    });

TEST(PluginZooRecords, NameEveryTaskThatAnotherPluginHas) {
    const std::string path = std::string(MIRRA_TEST_PLUGINS) + ":" + zoo("same-task");
    const Engine engine = make_engine(path.c_str());
    const mirra_plugin_record record = last_record(engine);
    const std::vector<std::string> taken(record.taken_tasks, record.taken_tasks + record.taken_task_count);
    EXPECT_THAT(taken, UnorderedElementsAre("denoise", "invert"));
    EXPECT_EQ(1, record.loaded) << "its tasks are had by their full names";
    EXPECT_EQ(7U, mirra_engine_task_count(engine.get()));
    EXPECT_EQ(0U, last_record(make_engine(zoo("init-fails").c_str())).taken_task_count);
}

TEST(PluginZooRecords, SeveralImageOutputsAndNoImageInputAreNoFault) {
    for (const char *animal : {"two-outputs", "no-input"})
        EXPECT_EQ(1, last_record(make_engine(zoo(animal).c_str())).loaded) << animal;
}

TEST(PluginZooFiles, GarbageAndEmptyFilesArePassedOver) {
    for (const std::string content : {"", "this is no shared library",
                                      "\x7f"
                                      "ELF but no more"}) {
        const std::string path = temporary("garbage.so");
        std::ofstream(path, std::ios::trunc) << content;
        const Engine engine = make_engine(path.c_str());
        const mirra_plugin_record record = last_record(engine);
        EXPECT_EQ(0, record.loaded);
        EXPECT_STRNE("", record.reason);
    }
}

TEST(PluginZooFiles, AFileThatWasCopiedInPartIsPassedOver) {
    std::ifstream whole(zoo("statistics"), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(whole)), {});
    for (const std::size_t size : {std::size_t{70}, std::size_t{4096}, std::size_t{8192}}) {
        ASSERT_LT(size, bytes.size());
        const std::string path = temporary("part.so");
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, size);
        const mirra_plugin_record record = last_record(make_engine(path.c_str()));
        EXPECT_EQ(0, record.loaded);
    }
}

TEST(PluginZooFiles, TheSameFileTwiceIsOnePlugin) {
    const std::string path = std::string(MIRRA_TEST_PLUGINS) + ":" + MIRRA_TEST_PLUGINS + "/denoiser.so";
    EXPECT_EQ(4U, mirra_engine_plugin_count(make_engine(path.c_str()).get()));
}

mirra_status run_zoo(const std::string &animal, Failure &failure, mirra_result **result = nullptr) {
    const Engine engine = make_engine(zoo(animal).c_str());
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = animal.c_str();
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    Pixels<std::uint8_t> in(4, 3, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    in.samples.assign(in.samples.size(), 51);
    Pixels<std::uint8_t> out(4, 3, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    return run(session, in.image, out.image, failure.out(), nullptr, result);
}

TEST(PluginZooRuns, ATaskThatGivesNoTile) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("no-tile", failure));
    EXPECT_THAT(message(failure), HasSubstr("gave no tile"));
}

TEST(PluginZooRuns, ATaskThatGivesItsInputAsItsOutput) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("input-as-output", failure));
    EXPECT_THAT(message(failure), HasSubstr("tensor_retain"));
}

TEST(PluginZooRuns, ATileGivenByATaskThatFailsIsReleased) { // seen by LeakSanitizer
    Failure failure;
    EXPECT_EQ(MIRRA_E_DEVICE, run_zoo("fails-with-output", failure));
}

TEST(PluginZooRuns, ATaskThatThrowsInProcessAndInDestroy) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("throws", failure));
    EXPECT_THAT(message(failure), HasSubstr("threw an exception"));
}

TEST(PluginZooRuns, ATaskThatAddsTensorsWhichDoNotGoTogether) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_MISMATCH, run_zoo("mismatched-shapes", failure));
    EXPECT_THAT(message(failure), HasSubstr("{1, 3, 3, 4} and {1, 3, 2, 2}"));
}

TEST(PluginZooRuns, ATaskThatGivesAWrongShape) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("wrong-shape", failure));
    EXPECT_THAT(message(failure), HasSubstr("shape"));
}

TEST(PluginZooRuns, ATaskThatResamplesToNothing) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run_zoo("resamples-to-nothing", failure));
    EXPECT_THAT(message(failure), HasSubstr("impossible extent"));
}

TEST(PluginZooRuns, ATaskThatStatesSomeOfTheExtentsOfAGraph) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("half-extents", failure));
    EXPECT_THAT(message(failure), HasSubstr("impossible extents"));
}

TEST(PluginZooRuns, ATaskWhoseSetupIsImpossible) {
    const std::pair<const char *, const char *> reasons[] = {
        {"wide-halo", "halo"},
        {"wide-margin", "margin"},
        {"many-passes", "passes"},
        {"two-transfers", "encoded and for linear"},
        {"unknown-setup-flag", "does not have"},
        {"wild-scale", "output, 100/1: possible is 1/64 to 64"},
        {"sized-tiles", "4x3 of its output, but not MIRRA_SETUP_WHOLE_IMAGE"}};
    for (const auto &[animal, reason] : reasons) {
        Failure failure;
        EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo(animal, failure)) << animal;
        EXPECT_THAT(message(failure), HasSubstr(reason));
    }
}

TEST(PluginZooRuns, ATaskThatFailsWithAnUnknownStatusAndNoError) {
    Failure failure;
    EXPECT_EQ(MIRRA_E_PLUGIN, run_zoo("fails-silently", failure));
    EXPECT_THAT(message(failure), HasSubstr("failed with the status -4242 and no message"));
}

TEST(PluginZooRuns, ATaskWithStatisticsIsRunInTwoPassesAndGivesResults) {
    Failure failure;
    Result result;
    EXPECT_EQ(MIRRA_OK, run_zoo("statistics", failure, result.out())) << message(failure);
    MIRRA_STRUCT(mirra_value, mean);
    EXPECT_OK(mirra_result_find(result.get(), "mean", &mean, error));
    EXPECT_EQ(MIRRA_TYPE_FLOAT, mean.type);
    EXPECT_NEAR(0.2, mean.real, 1e-6);
    Tensors tensors;
    EXPECT_OK(mirra_result_tensors(result.get(), tensors.out(), error));
    DLManagedTensorVersioned *tensor = nullptr;
    EXPECT_OK(mirra_tensors_get_versioned(tensors.get(), "last_tile", &tensor, error));
    EXPECT_EQ(4, tensor->dl_tensor.ndim);
    EXPECT_EQ(3, tensor->dl_tensor.shape[1]);
    tensor->deleter(tensor);
}

} // namespace
} // namespace mirra::test
