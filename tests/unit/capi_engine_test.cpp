// Engines: tasks and parameters as data, plugins, devices, bundles by name.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

TEST(CapiEngine, AMistypedNameGetsTheNearestOne) {
    const Engine engine = make_engine();
    MIRRA_STRUCT(mirra_task_info, task);
    const auto hint_for = [&](const char *name) {
        Failure failure;
        EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_engine_find_task(engine.get(), name, &task, failure.out()));
        EXPECT_STREQ(name, mirra_error_subject(failure.get()));
        return std::string(mirra_error_hint(failure.get()));
    };
    for (const char *wrong : {"denoize", "denois", "denosie", "denoisee", "Denoise"})
        EXPECT_THAT(hint_for(wrong), HasSubstr("Did you mean 'denoise'? The tasks are: ")) << wrong;
    EXPECT_THAT(hint_for("stylise"), HasSubstr("'stylize'?"));
    for (const char *wrong : {"", "x", "upscale", "remove-background"})
        EXPECT_THAT(hint_for(wrong), ::testing::StartsWith("The tasks are: ")) << wrong;
    Failure failure;
    const std::string endless(100'000, 'd');
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_engine_find_task(engine.get(), endless.c_str(), &task, failure.out()));
    EXPECT_THAT(mirra_error_hint(failure.get()), ::testing::StartsWith("The tasks are: "));
    EXPECT_LT(message(failure).size(), 10'000U) << "what is quoted is shortened";

    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_session_set_text(session.get(), "strenght", "1", failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("Did you mean 'strength'?"));
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_session_set_text(session.get(), "quality", "best", failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("It is an option of the session"));
}

TEST(CapiEngine, AMissingTaskTellsOfPluginsThatWerePassedOver) {
    const Engine engine = make_engine(MIRRA_TEST_ZOO "/no-symbol.so:" MIRRA_TEST_TEMPLATE);
    MIRRA_STRUCT(mirra_task_info, info);
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_engine_find_task(engine.get(), "sharpen", &info, failure.out()));
    EXPECT_THAT(mirra_error_hint(failure.get()), ::testing::HasSubstr("passed over: 1"));
    EXPECT_THAT(mirra_error_hint(failure.get()), ::testing::HasSubstr(MIRRA_TEST_ZOO "/no-symbol.so: "));
}

TEST(CapiEngine, AMissingTaskTellsWherePluginsAreFound) {
    const Engine engine = make_engine();
    MIRRA_STRUCT(mirra_task_info, info);
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_engine_find_task(engine.get(), "unsharp-mask", &info, failure.out()));
    EXPECT_THAT(mirra_error_hint(failure.get()), ::testing::HasSubstr("MIRRA_PLUGIN_PATH"));
}

TEST(CapiEngine, DescribesTheDenoiser) {
    const Engine engine = make_engine();
    ASSERT_EQ(5U, mirra_engine_task_count(engine.get()));
    MIRRA_STRUCT(mirra_task_info, task);
    EXPECT_OK(mirra_engine_task(engine.get(), 1, &task, error));
    EXPECT_STREQ("denoise", task.name);
    EXPECT_STREQ("denoiser.mirra", task.default_bundle);
    EXPECT_STREQ("org.mirra.denoiser", task.plugin_id);
    EXPECT_EQ(3U, task.port_count);
    EXPECT_EQ(6U, task.param_count);

    MIRRA_STRUCT(mirra_param_info, sigma);
    EXPECT_OK(mirra_engine_param(engine.get(), "denoise", 0, &sigma, error));
    EXPECT_STREQ("sigma", sigma.name);
    EXPECT_EQ(MIRRA_TYPE_FLOAT, sigma.type);
    EXPECT_STREQ("auto", sigma.default_text);
    EXPECT_EQ(0, sigma.minimum);
    EXPECT_EQ(100, sigma.maximum);
    EXPECT_EQ(75, sigma.soft_maximum);
    ASSERT_EQ(1U, sigma.choice_count);
    EXPECT_STREQ("auto", sigma.choices[0]);
    EXPECT_STREQ("Automatic", sigma.choice_labels[0]);

    MIRRA_STRUCT(mirra_port_info, output);
    EXPECT_OK(mirra_engine_port(engine.get(), "denoise", 1, &output, error));
    EXPECT_EQ(MIRRA_PORT_OUTPUT, output.direction);
    EXPECT_EQ(MIRRA_TYPE_IMAGE, output.type);
    EXPECT_STREQ("", output.unit);
    MIRRA_STRUCT(mirra_port_info, map);
    EXPECT_OK(mirra_engine_port(engine.get(), "denoise", 2, &map, error));
    EXPECT_STREQ("noise_map", map.name);
    EXPECT_EQ(MIRRA_PORT_OPTIONAL, map.flags);
}

TEST(CapiEngine, RefusesWhatIsNotThere) {
    const Engine engine = make_engine();
    MIRRA_STRUCT(mirra_task_info, task);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_engine_task(engine.get(), 5, &task, error));
    MIRRA_STRUCT(mirra_param_info, param);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_engine_param(engine.get(), "denoise", 6, &param, error));
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_engine_find_task(engine.get(), "embroider", &task, failure.out()));
    EXPECT_THAT(mirra_error_hint(failure.get()), HasSubstr("denoise"));
}

TEST(CapiEngine, TheSchemaIsJsonThatSaysTheSame) {
    const Engine engine = make_engine();
    const auto schema = nlohmann::json::parse(mirra_engine_schema_json(engine.get()));
    const auto &task = schema.at("tasks").at(1);
    EXPECT_EQ("denoise", task.at("name"));
    EXPECT_EQ("auto", task.at("params").at(0).at("default"));
    EXPECT_EQ("auto", task.at("params").at(0).at("choices").at(0).at("value"));
    EXPECT_EQ(1.0, task.at("params").at(1).at("default"));
    EXPECT_EQ("input", task.at("ports").at(0).at("direction"));
}

TEST(CapiEngine, IsMadeWithoutTheRuntime) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_PLUGINS;
    options.runtime_module = "/nowhere/runtime.so";
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    EXPECT_EQ(5U, mirra_engine_task_count(engine.get()));
    MIRRA_STRUCT(mirra_runtime_info, runtime);
    EXPECT_OK(mirra_engine_runtime(engine.get(), &runtime, error));
    EXPECT_EQ(0, runtime.usable);
    EXPECT_THAT(runtime.reason, HasSubstr("/nowhere/runtime.so"));

    const Bundle bundle = make_bundle();
    MIRRA_STRUCT(mirra_session_options, session_options);
    session_options.task = "denoise";
    session_options.bundle = bundle.get();
    Session session;
    EXPECT_STATUS(MIRRA_E_NOT_FOUND,
                  mirra_session_create(engine.get(), &session_options, session.out(), error));
}

TEST(CapiEngine, AFileThatIsNoRuntimeIsRefused) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.runtime_module = MIRRA_TEST_TEMPLATE;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    MIRRA_STRUCT(mirra_runtime_info, runtime);
    EXPECT_OK(mirra_engine_runtime(engine.get(), &runtime, error));
    EXPECT_EQ(0, runtime.usable);
    EXPECT_THAT(runtime.reason, HasSubstr("no runtime module"));
}

TEST(CapiEngine, ListsTheCpuAndSaysWhyCudaIsNotThere) {
    const Engine engine = make_engine();
    const std::uint32_t count = mirra_engine_device_count(engine.get());
    ASSERT_GE(count, 2U);
    MIRRA_STRUCT(mirra_device_info, cpu);
    EXPECT_OK(mirra_engine_device(engine.get(), 0, &cpu, error));
    EXPECT_STREQ("cpu", cpu.id);
    EXPECT_EQ(1, cpu.usable);
    EXPECT_GT(cpu.memory_bytes, 0U);
    EXPECT_NE(0U, cpu.precisions & (1U << MIRRA_PRECISION_FP32));
    MIRRA_STRUCT(mirra_device_info, cuda);
    EXPECT_OK(mirra_engine_device(engine.get(), 1, &cuda, error));
    EXPECT_STREQ("cuda:0", cuda.id);
    EXPECT_NE(cuda.usable == 1, *cuda.reason != '\0');
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_engine_device(engine.get(), count, &cuda, error));
}

TEST(CapiEngine, RefusesFlagsThatItDoesNotKnow) {
    MIRRA_STRUCT(mirra_engine_options, options);
    Engine engine;
    options.flags = 1U << 30;
    EXPECT_STATUS(MIRRA_E_UNSUPPORTED, mirra_engine_create(&options, engine.out(), error));
}

TEST(CapiEngine, FindsBundlesByName) {
    const std::string file = write_bundle_file({});
    const std::string folder = std::filesystem::path(file).parent_path().string();
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.bundle_path = folder.c_str();
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    char *path = nullptr;
    EXPECT_OK(mirra_engine_find_bundle(engine.get(), "test.mirra", &path, error));
    EXPECT_EQ(file, path);
    mirra_string_free(path);
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND,
              mirra_engine_find_bundle(engine.get(), "missing.mirra", &path, failure.out()));
    EXPECT_THAT(mirra_error_hint(failure.get()), HasSubstr(folder));
}

TEST(CapiEngine, ABareNameIsNeverAFileOfTheCurrentFolder) {
    const std::filesystem::path installed = write_bundle_file({});
    const auto current = std::filesystem::current_path();
    const auto here = installed.parent_path() / "here";
    std::filesystem::create_directories(here);
    std::filesystem::copy_file(installed, here / "test.mirra",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::copy_file(installed, here / "own.mirra",
                               std::filesystem::copy_options::overwrite_existing);
    const std::string folder = installed.parent_path().string();
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.bundle_path = folder.c_str();
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    std::filesystem::current_path(here);
    const auto found = [&](const char *name) {
        char *path = nullptr;
        Failure failure;
        mirra_engine_find_bundle(engine.get(), name, &path, failure.out());
        std::string text = path == nullptr ? message(failure) : path;
        mirra_string_free(path);
        return text;
    };
    EXPECT_EQ(installed.string(), found("test.mirra"));
    EXPECT_EQ("./test.mirra", found("./test.mirra"));
    EXPECT_THAT(found("own.mirra"), HasSubstr("write './own.mirra'"));
    EXPECT_THAT(found("here/test.mirra"), HasSubstr("Check the path"));
    std::filesystem::current_path(current);
}

TEST(CapiEngine, MakesTextsPrintable) {
    char *text = nullptr;
    EXPECT_OK(mirra_text_printable("\x1b[31mred\n\xc3\xa9", &text, error));
    EXPECT_STREQ("\\x1b[31mred\\n\xc3\xa9", text);
    mirra_string_free(text);
}

TEST(CapiEngine, DescribesABundle) {
    const Bundle bundle = make_bundle();
    MIRRA_STRUCT(mirra_bundle_info, info);
    EXPECT_OK(mirra_bundle_get_info(bundle.get(), &info, error));
    EXPECT_STREQ("denoise", info.task);
    EXPECT_STREQ("MIT", info.licence);
    EXPECT_EQ(64U, std::string(info.sha256).size());
    EXPECT_EQ(1U, info.tensor_count);
    EXPECT_EQ(3U * 4 * 25 * 4, info.tensor_bytes);
    ASSERT_EQ(1U, info.graph_count);
    MIRRA_STRUCT(mirra_graph_info, graph);
    EXPECT_OK(mirra_bundle_graph(bundle.get(), 0, &graph, error));
    EXPECT_STREQ("denoiser", graph.name);
    ASSERT_EQ(2U, graph.input_count);
    EXPECT_STREQ("noise_level", graph.inputs[1]);
    EXPECT_EQ(1, graph.input_channels[1]);
    EXPECT_STREQ("image", graph.outputs[0]);
    EXPECT_EQ(2, graph.halo_left);
    EXPECT_EQ(300, graph.parameter_count);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_bundle_graph(bundle.get(), 1, &graph, error));
    EXPECT_EQ("test", nlohmann::json::parse(mirra_bundle_manifest_json(bundle.get())).at("name"));
}

TEST(CapiEngine, IsMadeInMilliseconds) {
    make_engine();
    const auto start = std::chrono::steady_clock::now();
    make_engine();
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(50));
}

} // namespace
} // namespace mirra::test
