// What a plugin says of its task, as hosts see it: series, kinds of parameters, conditions, names. And what
// it is told of a run before it begins.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace mirra::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char *kPlugin = MIRRA_TEST_ZOO "/described.so";

template<class Info, class Get> std::vector<Info> all_of(std::uint32_t count, const Get &get) {
    std::vector<Info> found;
    for (std::uint32_t i = 0; i < count; ++i) {
        MIRRA_STRUCT(Info, info);
        EXPECT_OK(get(i, &info, error));
        found.push_back(info);
    }
    return found;
}

mirra_task_info task_of(const Engine &engine, const char *name) {
    MIRRA_STRUCT(mirra_task_info, task);
    EXPECT_OK(mirra_engine_find_task(engine.get(), name, &task, error));
    return task;
}

TEST(PluginDescribed, ASeriesIsThereAsOftenAsItSays) {
    const Engine engine = make_engine(kPlugin);
    const mirra_task_info task = task_of(engine, "described");
    const auto ports = all_of<mirra_port_info>(task.port_count, [&](auto i, auto *out, auto **error) {
        return mirra_engine_port(engine.get(), "described", i, out, error);
    });
    std::vector<std::string> seen;
    for (const auto &port : ports)
        seen.push_back(std::string(port.name) + "|" + port.label + "|" + port.series + "|" +
                       std::to_string(port.series_place) + "/" + std::to_string(port.max_count) +
                       ((port.flags & MIRRA_PORT_OPTIONAL) != 0 ? " optional" : ""));
    EXPECT_THAT(seen, ElementsAre("image|||0/0", "output|||0/0", "style|Style|styles|1/3",
                                  "style_2|Style 2|styles|2/3 optional",
                                  "style_3|Style 3|styles|3/3 optional", "statistics||styles|1/3 optional",
                                  "statistics_2||styles|2/3 optional", "statistics_3||styles|3/3 optional"));
    const auto params = all_of<mirra_param_info>(task.param_count, [&](auto i, auto *out, auto **error) {
        return mirra_engine_param(engine.get(), "described", i, out, error);
    });
    std::vector<std::string> names;
    for (const auto &param : params) names.emplace_back(param.name);
    EXPECT_THAT(names,
                ElementsAre("mode", "radius", "tint", "table", "weight", "weight_2", "weight_3", "soft"));
    EXPECT_EQ(2U, params[5].series_place);
    EXPECT_EQ(4, params[5].default_value);
    EXPECT_STREQ("mode=shaded|plain", params[2].visible_if);
    EXPECT_STREQ("", params[0].visible_if);
    EXPECT_EQ(1U, params[0].since) << "it says 0";
}

TEST(PluginDescribed, TheSchemaSaysTheSame) {
    const Engine engine = make_engine(kPlugin);
    const auto schema = nlohmann::json::parse(mirra_engine_schema_json(engine.get()));
    const auto &task = schema.at("tasks").at(0);
    const auto &style = task.at("ports").at(3);
    EXPECT_EQ("styles", style.at("series"));
    EXPECT_EQ(2, style.at("series_place"));
    EXPECT_EQ(3, style.at("max_count"));
    EXPECT_FALSE(task.at("ports").at(0).contains("series"));
    const auto &params = task.at("params");
    EXPECT_EQ("color", params.at(2).at("type"));
    EXPECT_EQ("#aabbcc", params.at(2).at("default"));
    EXPECT_EQ("mode=shaded|plain", params.at(2).at("visible_if"));
    EXPECT_EQ("file", params.at(3).at("type"));
    EXPECT_EQ("", params.at(3).at("default"));
    EXPECT_TRUE(params.at(1).at("pixels"));
    EXPECT_FALSE(params.at(4).at("pixels"));
}

Session session_of(const Engine &engine, const char *task, std::int32_t threads = 3) {
    MIRRA_STRUCT(mirra_session_options, options);
    options.task = task;
    options.threads = threads;
    Session session;
    EXPECT_OK(mirra_session_create(engine.get(), &options, session.out(), error));
    return session;
}

TEST(PluginDescribed, ColoursAndFilesAreTexts) {
    const Engine engine = make_engine(kPlugin);
    const Session session = session_of(engine, "described");
    const auto set = [&](const char *name, mirra_type type, const char *text) {
        MIRRA_STRUCT(mirra_value, value);
        value.type = type;
        value.text = text;
        return mirra_session_set(session.get(), name, &value, nullptr);
    };
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_EQ(MIRRA_OK, set("tint", MIRRA_TYPE_COLOR, "#00FFaa80"));
    EXPECT_OK(mirra_session_get(session.get(), "tint", &value, error));
    EXPECT_STREQ("#00ffaa80", value.text);
    EXPECT_EQ(MIRRA_TYPE_COLOR, value.type);
    for (const char *wrong : {"", "red", "#12345", "#1234567", "#gggggg", "00ff00", "#00ff00 "})
        EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, set("tint", MIRRA_TYPE_STRING, wrong)) << wrong;
    EXPECT_EQ(MIRRA_OK, set("table", MIRRA_TYPE_FILE, "/nowhere/at all.cube"));
    EXPECT_OK(mirra_session_get(session.get(), "table", &value, error));
    EXPECT_STREQ("/nowhere/at all.cube", value.text);
    EXPECT_EQ(MIRRA_TYPE_FILE, value.type);
    EXPECT_OK(mirra_session_set_text(session.get(), "table", "", error));
}

/// Runs on a 4 x 3 image and gives its result's texts.
class DescribedRun : public ::testing::Test {
  protected:
    Engine engine_ = make_engine(kPlugin);
    Session session_ = session_of(engine_, "described");
    Pixels<std::uint16_t> in_{4, 3, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U16},
        style_{2, 2, MIRRA_COLOR_RGB, MIRRA_FORMAT_U16}, out_{4, 3, MIRRA_COLOR_RGBA, MIRRA_FORMAT_U16};
    Result result_;

    void run() {
        const mirra_port_value ports[] = {port("image", in_.image), port("style", style_.image),
                                          port("output", out_.image)};
        EXPECT_OK(mirra_session_run(session_.get(), ports, 3, nullptr, result_.out(), error));
    }
    std::string text(const char *name) {
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result_.get(), name, &value, error));
        return value.text == nullptr ? std::to_string(value.integer) : value.text;
    }
};

TEST_F(DescribedRun, ConfigureSeesTheRunAndIsCalledAgainWhereThatIsAnother) {
    in_.image.icc = "profile";
    in_.image.icc_bytes = 7;
    in_.image.transfer = MIRRA_TRANSFER_LINEAR;
    in_.image.alpha_mode = MIRRA_ALPHA_PREMULTIPLIED;
    run();
    EXPECT_EQ("4x3 color 4 format 2 alpha 1 transfer 1 threads 3 icc profile scale 1 frame 0 radius 4",
              text("seen"));
    EXPECT_EQ("2", text("configured")) << "once without a run, once for this one";
    run();
    EXPECT_EQ("2", text("configured")) << "nothing is another";
    in_.image.icc = "purpose";
    run();
    EXPECT_EQ("3", text("configured"));
    EXPECT_THAT(text("seen"), HasSubstr("icc purpose"));
    in_.image.transfer = MIRRA_TRANSFER_ENCODED;
    run();
    EXPECT_EQ("4", text("configured"));
    EXPECT_THAT(text("seen"), HasSubstr("transfer 0"));
}

TEST_F(DescribedRun, APluginKnowsItsFolder) {
    run();
    EXPECT_EQ(std::filesystem::canonical(MIRRA_TEST_ZOO), std::filesystem::canonical(text("folder")));
}

TEST(PluginDescribed, ATaskThatAnotherPluginHasIsHadByItsFullName) {
    const Engine engine = make_engine((std::string(MIRRA_TEST_PLUGINS) + ":" + kPlugin).c_str());
    EXPECT_STREQ("org.mirra.denoiser", task_of(engine, "denoise").plugin_id);
    EXPECT_STREQ("denoise", task_of(engine, "org.mirra.denoiser:denoise").name);
    const mirra_task_info displaced = task_of(engine, "org.example.described:denoise");
    EXPECT_STREQ("org.example.described:denoise", displaced.name);
    EXPECT_STREQ("org.example.described", displaced.plugin_id);
    EXPECT_STREQ("described", task_of(engine, "org.example.described:described").name);
    EXPECT_THAT(mirra_engine_schema_json(engine.get()), HasSubstr("\"org.example.described:denoise\""));
    const Session session = session_of(engine, "org.example.described:denoise");
    EXPECT_NE(nullptr, session.get());
    MIRRA_STRUCT(mirra_task_info, none);
    EXPECT_STATUS(MIRRA_E_NOT_FOUND,
                  mirra_engine_find_task(engine.get(), "org.example.described:invert", &none, error));
}

} // namespace
} // namespace mirra::test
