// Parameters of sessions: back to what they were, as JSON, described by the plugin, copied.
#include "inverter_support.hpp"
#include "stylizer_support.hpp"

#include <gmock/gmock.h>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr const char *kDescribes = MIRRA_TEST_ZOO "/described.so";

std::string json_of(const Session &session) {
    char *json = nullptr;
    EXPECT_OK(mirra_session_get_json(session.get(), &json, error));
    std::string text = json == nullptr ? "" : json;
    mirra_string_free(json);
    return text;
}

std::string text_of(const Session &session, const char *name) {
    MIRRA_STRUCT(mirra_value, value);
    EXPECT_OK(mirra_session_get(session.get(), name, &value, error));
    return value.text == nullptr
               ? std::to_string(value.type == MIRRA_TYPE_INT ? static_cast<double>(value.integer)
                                                             : value.real)
               : value.text;
}

/// What the session says to such a JSON: "" where it takes it.
std::string set_json(const Session &session, const std::string &json) {
    Failure failure;
    const mirra_status status = mirra_session_set_json(session.get(), json.c_str(), failure.out());
    return status == MIRRA_OK ? "" : std::string(mirra_status_name(status)) + ": " + message(failure);
}

struct CapiParameters : ::testing::Test {
    Engine engine = make_engine();
    Bundle bundle = make_bundle({.defaults = R"({"strength": 0.5, "sigma": 30})"});
    Session session = make_session(engine, bundle);
};

TEST_F(CapiParameters, GoBackToWhatTheyWereAtFirst) {
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "5", error));
    EXPECT_OK(mirra_session_set_text(session.get(), "strength", "0.75", error));
    EXPECT_OK(mirra_session_reset(session.get(), "sigma", error));
    EXPECT_EQ("30.000000", text_of(session, "sigma"));
    EXPECT_EQ("0.750000", text_of(session, "strength"));
    EXPECT_OK(mirra_session_reset(session.get(), nullptr, error));
    EXPECT_EQ("0.500000", text_of(session, "strength"));
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_session_reset(session.get(), "strenght", failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("Did you mean 'strength'?"));
}

TEST_F(CapiParameters, AreSetByOneObjectOrNotAtAll) {
    EXPECT_EQ("", set_json(session, R"({"sigma": "auto", "strength": 1})"));
    EXPECT_EQ("auto", text_of(session, "sigma"));
    const std::string before = json_of(session);
    EXPECT_THAT(set_json(session, R"({"strength": 0.25, "sigma": 101})"),
                HasSubstr("invalid_argument: sigma cannot be 101 | sigma | Allowed: a number from 0 to 100"));
    EXPECT_THAT(set_json(session, R"({"strength": 0.25, "sigam": 1})"), HasSubstr("Did you mean 'sigma'?"));
    for (const auto &[value, kind] : {std::pair("null", "null"), {"[1]", "an array"}, {"{}", "an object"}})
        EXPECT_THAT(set_json(session, std::string(R"({"strength": 0.25, "sigma": )") + value + "}"),
                    HasSubstr(std::string("invalid_argument: the parameter 'sigma' is given ") + kind));
    EXPECT_THAT(set_json(session, R"({"sigma": "a\u0000b"})"), HasSubstr("a text with a NUL in it"));
    EXPECT_THAT(set_json(session, R"({"sigma": true})"), HasSubstr("sigma cannot be true"));
    EXPECT_THAT(set_json(session, "[1]"), HasSubstr("the parameters are no JSON object"));
    for (const char *text : {"", "{", R"({"sigma": 1)", R"({"sigma": 1, "sigma": 2})", "sigma = 1"})
        EXPECT_THAT(set_json(session, text), HasSubstr("invalid_argument: ")) << text;
    EXPECT_THAT(set_json(session, std::string(100, '[')), HasSubstr("limit: "));
    EXPECT_EQ(before, json_of(session));
    EXPECT_EQ("", set_json(session, "{}"));
}

TEST_F(CapiParameters, ComeAsAnObjectInTheOrderOfTheSchema) {
    const std::string json = json_of(session);
    EXPECT_THAT(json, ::testing::StartsWith(R"({"sigma":30.0,)"));
    EXPECT_THAT(json, HasSubstr(R"("strength":0.5)"));
    EXPECT_OK(mirra_session_set_text(session.get(), "strength", "0.1", error));
    const std::string changed = json_of(session);
    EXPECT_THAT(changed, HasSubstr(R"("strength":0.1)"));
    EXPECT_OK(mirra_session_reset(session.get(), nullptr, error));
    EXPECT_EQ("", set_json(session, changed)) << "what comes out goes in";
    EXPECT_EQ(changed, json_of(session));
}

TEST_F(CapiParameters, SayWhatTheBundleSays) {
    MIRRA_STRUCT(mirra_param_info, info);
    EXPECT_OK(mirra_session_param(session.get(), 0, &info, error));
    EXPECT_STREQ("sigma", info.name);
    EXPECT_EQ(nullptr, info.default_text);
    EXPECT_EQ(30, info.default_value);
    EXPECT_EQ(100, info.maximum);
    Failure failure;
    EXPECT_EQ(MIRRA_E_NOT_FOUND, mirra_session_param(session.get(), 6, &info, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("there is no parameter 6: there are 6"));
}

TEST_F(CapiParameters, GoAlongWithAClone) {
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "51", error));
    Session clone;
    EXPECT_OK(mirra_session_clone(session.get(), clone.out(), error));
    EXPECT_EQ(json_of(session), json_of(clone));
    EXPECT_OK(mirra_session_set_text(session.get(), "sigma", "5", error));
    session = Session();
    EXPECT_EQ("51.000000", text_of(clone, "sigma"));
    Pixels<std::uint8_t> pixels(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(mirra_session_set_text(clone.get(), "strength", "1", error));
    EXPECT_OK(run(clone, pixels.image, pixels.image, error));
    EXPECT_EQ(51, pixels.samples[0]);
    EXPECT_OK(mirra_session_reset(clone.get(), nullptr, error));
    EXPECT_EQ("30.000000", text_of(clone, "sigma"));
}

TEST_F(CapiParameters, TheSessionSaysWhatItIs) {
    const mirra_session_options options = session_options("denoise", bundle, 64, std::uint64_t{1} << 33);
    Session limited;
    EXPECT_OK(mirra_session_create(engine.get(), &options, limited.out(), error));
    MIRRA_STRUCT(mirra_bundle_info, of_bundle);
    EXPECT_OK(mirra_bundle_get_info(bundle.get(), &of_bundle, error));
    Session clone;
    EXPECT_OK(mirra_session_clone(limited.get(), clone.out(), error));
    for (const Session *each : {&limited, &clone}) {
        MIRRA_STRUCT(mirra_session_info, info);
        EXPECT_OK(mirra_session_get_info(each->get(), &info, error));
        EXPECT_STREQ("denoise", info.task);
        EXPECT_STREQ("org.mirra.denoiser", info.plugin_id);
        EXPECT_STREQ("test.mirra", std::filesystem::path(info.bundle_path).filename().c_str());
        EXPECT_STREQ("test", info.bundle_name);
        EXPECT_STREQ(of_bundle.sha256, info.bundle_sha256);
        EXPECT_STREQ("", info.quality);
        EXPECT_STREQ("cpu", info.device);
        EXPECT_EQ(MIRRA_PRECISION_FP32, info.precision);
        EXPECT_STRNE("", info.precision_reason);
        EXPECT_EQ(std::uint64_t{1} << 33, info.memory_limit);
        EXPECT_EQ(64, info.tile_size);
        EXPECT_EQ(0, info.threads);
    }
}

/// Sessions of a task that describes its parameters: see plugin_described.c.
struct CapiDescribed : ::testing::Test {
    Engine engine = make_engine(kDescribes);
    Bundle none;
    Session session = make_session(engine, none, 0, "describes");

    [[nodiscard]] mirra_param_info param(const Session &of, std::uint32_t index) const {
        MIRRA_STRUCT(mirra_param_info, info);
        EXPECT_OK(mirra_session_param(of.get(), index, &info, error));
        return info;
    }
    /// What a plan says when the plugin describes in that way.
    [[nodiscard]] std::string described(const char *how) const {
        EXPECT_OK(mirra_session_set_text(session.get(), "act", how, error));
        MIRRA_STRUCT(mirra_plan, plan);
        Failure failure;
        static_cast<void>(mirra_session_plan(session.get(), 4, 4, &plan, failure.out()));
        return message(failure);
    }
};

TEST_F(CapiDescribed, ParametersAreWhatThePluginSaysOfThem) {
    const mirra_param_info layer = param(session, 1), levels = param(session, 2), mode = param(session, 3);
    EXPECT_STREQ("conv5", layer.default_text);
    ASSERT_EQ(2U, layer.choice_count);
    EXPECT_STREQ("conv1", layer.choices[0]);
    EXPECT_STREQ("The first", layer.choice_labels[0]);
    EXPECT_STREQ("Layer", layer.label) << "all else is the task's";
    EXPECT_EQ(3, levels.maximum);
    EXPECT_EQ(2, levels.default_value);
    EXPECT_EQ(1U, mode.choice_count);
    EXPECT_EQ("conv5", text_of(session, "layer"));
    EXPECT_EQ("2.000000", text_of(session, "levels"));

    MIRRA_STRUCT(mirra_param_info, of_task);
    EXPECT_OK(mirra_engine_param(engine.get(), "describes", 2, &of_task, error));
    EXPECT_EQ(8, of_task.maximum);
    EXPECT_EQ(5, of_task.default_value);
}

TEST_F(CapiDescribed, ValuesBeyondAreRefusedWhenTheyAreSet) {
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set_text(session.get(), "levels", "4", error));
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_session_set_text(session.get(), "mode", "a", error));
    EXPECT_THAT(set_json(session, R"({"levels": 5})"), HasSubstr("a whole number from 1 to 3"));
    EXPECT_OK(mirra_session_set_text(session.get(), "layer", "another", error)); // choices are proposals
    EXPECT_OK(mirra_session_set_text(session.get(), "levels", "3", error));
    EXPECT_OK(mirra_session_reset(session.get(), nullptr, error));
    EXPECT_EQ("2.000000", text_of(session, "levels"));
}

TEST_F(CapiDescribed, DefaultsOfTheBundleCountBeforeThem) {
    const Bundle bundle = make_bundle({.defaults = R"({"levels": 1})"});
    const Session other = make_session(engine, bundle, 0, "describes");
    EXPECT_EQ("1.000000", text_of(other, "levels"));
    EXPECT_EQ("conv5", text_of(other, "layer"));
    EXPECT_EQ(1, param(other, 2).default_value);

    const Bundle beyond = make_bundle({.defaults = R"({"levels": 7})"});
    const mirra_session_options options = session_options("describes", beyond, 0);
    Session refused;
    EXPECT_STATUS(MIRRA_E_CORRUPT, mirra_session_create(engine.get(), &options, refused.out(), error));
}

TEST_F(CapiDescribed, TextsOfABundleAreWholeOrRefusedAndQuotedInShort) {
    const auto refusal = [&](const std::string &defaults) {
        const Bundle bundle = make_bundle({.defaults = defaults});
        const mirra_session_options options = session_options("describes", bundle, 0);
        Session refused;
        Failure failure;
        EXPECT_EQ(MIRRA_E_CORRUPT,
                  mirra_session_create(engine.get(), &options, refused.out(), failure.out()));
        return message(failure);
    };
    EXPECT_THAT(refusal(R"({"layer": "conv\u00005"})"), HasSubstr("a text with a NUL in it"));
    const std::string said = refusal(R"({"levels": ")" + std::string(50'000, 'A') + R"("})");
    EXPECT_THAT(said, HasSubstr("the bundle's default of 'levels' is refused"));
    EXPECT_LT(said.size(), 5000U);
}

TEST_F(CapiDescribed, WrongDescriptionsAreThePluginsToHear) {
    EXPECT_THAT(described("wide"), HasSubstr("'levels' is described with a range beyond that of the task"));
    EXPECT_THAT(described("choice"), HasSubstr("the choice 'z', which the task lacks"));
    EXPECT_THAT(described("type"), HasSubstr("another type than it has"));
    EXPECT_THAT(described("unknown"), HasSubstr("has no parameter 'nothing'"));
    EXPECT_THAT(described("default"), HasSubstr("has a default that it does not allow"));
    EXPECT_THAT(described("size"), HasSubstr("info.struct_size is 12"));
    EXPECT_THAT(described("many"), ::testing::StartsWith(" |")) << "no error";
    EXPECT_EQ(3, param(session, 2).maximum) << "the first description counts";
}

TEST_F(CapiDescribed, OutsideOfConfigureThereIsNoDescribing) {
    EXPECT_OK(mirra_session_set_text(session.get(), "act", "process", error));
    Pixels<std::uint8_t> pixels(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    Failure failure;
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT, run(session, pixels.image, pixels.image, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("describe_param was called outside of configure"));
}

/// The choices of a parameter of a session.
std::vector<std::string> choices(const Session &session, const std::string &name) {
    MIRRA_STRUCT(mirra_param_info, info);
    for (std::uint32_t i = 0; mirra_session_param(session.get(), i, &info, nullptr) == MIRRA_OK; ++i)
        if (info.name == name) return {info.choices, info.choices + info.choice_count};
    return {};
}

TEST(ShippedTasks, ProposeTheLayersOfTheirBundles) {
    const Engine engine = make_engine();
    const Bundle inverter = make_inverter({.defaults = R"({"layer": "low"})"}), stylizer = make_stylizer();
    EXPECT_THAT(choices(make_session(engine, inverter, 0, "invert"), "layer"),
                ::testing::ElementsAre("auto", "deep", "low"));
    for (const char *task : {"stylize", "style-prepare"})
        EXPECT_THAT(choices(make_session(engine, stylizer, 0, task), "levels"),
                    ::testing::IsSupersetOf({"auto", "deep", "low"}))
            << task;
}

} // namespace
} // namespace mirra::test
