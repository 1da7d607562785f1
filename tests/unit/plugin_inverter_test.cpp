// The inverter with its generators: tiles, features in and out, mixing, channels, errors.
#include "inverter_support.hpp"

#include "mirra/architectures.hpp"

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

constexpr double kClose = 1e-5;

class PluginInverter : public OverRuntimes {};
INSTANTIATE_TEST_SUITE_P(Runtimes, PluginInverter, ::testing::ValuesIn(all_runtimes()), runtime_name);

std::uint64_t tiles_of(const Inversion &inversion) {
    MIRRA_STRUCT(mirra_result_info, info);
    EXPECT_OK(mirra_result_get_info(inversion.result.get(), &info, error));
    return info.tile_count;
}

struct Extent {
    std::int32_t width, height;
};

TEST_P(PluginInverter, TilesEqualTheWholeForEverySizeAndLayer) {
    const Bundle bundle = make_inverter();
    Inverter whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    for (const char *layer : {"low", "deep"})
        for (const char *channels : {"", "0:0,3:2.5"})
            for (const auto &[width, height] : {Extent{1, 1}, {1, 37}, {45, 3}, {61, 47}}) {
                const auto image = picture(width, height);
                for (Inverter *inverter : {&whole, &tiled})
                    inverter->set("layer", layer).set("channels", channels);
                const Inversion a = whole.invert(*image), b = tiled.invert(*image);
                EXPECT_LT(largest_difference(a.picture, b.picture), kClose)
                    << layer << width << "x" << height;
                EXPECT_EQ(tiles_of(a), 1U);
                EXPECT_EQ(tiles_of(b) > 4, width == 61);
            }
}

TEST_P(PluginInverter, FeaturesOfTilesAreThoseOfTheWhole) {
    const Bundle bundle = make_inverter();
    Inverter whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    for (const auto &[width, height] : {Extent{1, 1}, {61, 47}}) {
        const auto image = picture(width, height);
        const Inversion a = whole.invert(*image, {.features_out = true});
        const Inversion b = tiled.invert(*image, {.features_out = true});
        const TensorView features = tensor_of(a.result, "features_out");
        ASSERT_NE(features, nullptr);
        const DLTensor &shape = features->dl_tensor;
        EXPECT_EQ((std::vector<std::int64_t>(shape.shape, shape.shape + shape.ndim)),
                  (std::vector<std::int64_t>{1, kDeepChannels, (height + 3) / 4, (width + 3) / 4}));
        EXPECT_LT(largest_difference(values_of(features), values_of(tensor_of(b.result, "features_out"))),
                  kClose);
        EXPECT_LT(largest_difference(a.picture, whole.invert(*image).picture), kClose);
    }
}

TEST_P(PluginInverter, FeaturesAreNotGivenUnasked) {
    const Inversion plain = Inverter(GetParam(), make_inverter()).invert(*picture(9, 9));
    EXPECT_EQ(tensor_of(plain.result, "features_out"), nullptr);
}

TEST_P(PluginInverter, FeaturesOutAndInGiveTheSamePicture) {
    const Bundle bundle = make_inverter();
    const auto image = picture(53, 41), other = picture(53, 41, 2);
    Inverter whole(GetParam(), bundle), tiled(GetParam(), bundle, 24);
    const Inversion first = whole.invert(*image, {.features_out = true});
    const TensorView features = tensor_of(first.result, "features_out");
    for (Inverter *inverter : {&whole, &tiled}) {
        const Inversion again =
            inverter->invert(*other, {.features_in = &features->dl_tensor, .features_out = true});
        EXPECT_LT(largest_difference(first.picture, again.picture), kClose)
            << "of the image only the size counts";
        EXPECT_EQ(values_of(features), values_of(tensor_of(again.result, "features_out")));
    }
}

TEST_P(PluginInverter, FeaturesThatAreNoFiniteNumbersAreRefused) {
    const auto image = picture(53, 41);
    Inverter inverter(GetParam(), make_inverter(), 24);
    const TensorView features =
        tensor_of(inverter.invert(*image, {.features_out = true}).result, "features_out");
    const auto last = values_of(features).size() - 1;
    auto &value = static_cast<float *>(features->dl_tensor.data)[last];
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
        value = bad;
        EXPECT_THAT(inverter.refuse(MIRRA_E_INVALID_ARGUMENT, *image, {.features_in = &features->dl_tensor}),
                    ::testing::HasSubstr("no finite numbers | features_in"));
    }
}

TEST_P(PluginInverter, FeaturesWeighedByT) {
    const Bundle bundle = make_inverter();
    const auto image = picture(20, 17), other = picture(20, 17, 2);
    Inverter inverter(GetParam(), bundle);
    const Inversion of_image = inverter.invert(*image, {.features_out = true});
    const Inversion of_other = inverter.invert(*other, {.features_out = true});
    const TensorView theirs = tensor_of(of_other.result, "features_out");
    inverter.set("t", "0.25");
    const Inversion between =
        inverter.invert(*image, {.features_in = &theirs->dl_tensor, .features_out = true});
    const auto own = values_of(tensor_of(of_image.result, "features_out")), far = values_of(theirs),
               found = values_of(tensor_of(between.result, "features_out"));
    for (std::size_t i = 0; i < own.size(); ++i)
        ASSERT_NEAR(0.75F * own[i] + 0.25F * far[i], found[i], kClose) << i;
    inverter.set("t", "0");
    EXPECT_EQ(of_image.picture, inverter.invert(*image, {.features_in = &theirs->dl_tensor}).picture);
}

TEST_P(PluginInverter, AChannelThatIsAblatedIsOneThatTheCallerSetToZero) {
    const Bundle bundle = make_inverter();
    const auto image = picture(31, 22);
    Inverter inverter(GetParam(), bundle);
    const Inversion plain = inverter.invert(*image, {.features_out = true});
    const TensorView features = tensor_of(plain.result, "features_out");
    auto values = values_of(features);
    const std::size_t area = values.size() / kDeepChannels;
    std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(2 * area), area, 0.0F);
    DLTensor edited = features->dl_tensor;
    edited.data = values.data();
    const Inversion by_caller = inverter.invert(*image, {.features_in = &edited});
    const Inversion by_list = inverter.set("channels", "2:0").invert(*image);
    EXPECT_LT(largest_difference(by_caller.picture, by_list.picture), kClose);
    EXPECT_GT(largest_difference(plain.picture, by_list.picture), 1e-3);
    const Inversion unchanged = inverter.set("channels", "2:1,0:1").invert(*image);
    EXPECT_LT(largest_difference(plain.picture, unchanged.picture), kClose);
}

TEST_P(PluginInverter, TheEndsOfAMixAreTheTwoPictures) {
    const Bundle bundle = make_inverter();
    const auto a = picture(53, 41), b = picture(53, 41, 2);
    for (const std::int32_t tile_size : {0, 24}) {
        Inverter inverter(GetParam(), bundle, tile_size);
        const auto of_a = inverter.invert(*a).picture, of_b = inverter.invert(*b).picture;
        EXPECT_LT(largest_difference(of_b, inverter.invert(*a, {.mix = &b->image}).picture), kClose);
        inverter.set("t", "0");
        EXPECT_LT(largest_difference(of_a, inverter.invert(*a, {.mix = &b->image}).picture), kClose);
        const auto half = inverter.set("t", "0.5").invert(*a, {.mix = &b->image}).picture;
        EXPECT_GT(largest_difference(of_a, half), 1e-3);
        EXPECT_GT(largest_difference(of_b, half), 1e-3);
    }
}

TEST_P(PluginInverter, ASecondImageOfAnotherSizeIsBroughtToTheFirsts) {
    const Bundle bundle = make_inverter();
    const auto image = picture(33, 29);
    Pixels<std::uint8_t> small(5, 7, MIRRA_COLOR_GRAY, MIRRA_FORMAT_U8),
        same(33, 29, MIRRA_COLOR_GRAY, MIRRA_FORMAT_U8);
    small.samples.assign(small.samples.size(), 100);
    same.samples.assign(same.samples.size(), 100);
    Inverter inverter(GetParam(), bundle);
    EXPECT_LT(largest_difference(inverter.invert(*image, {.mix = &small.image}).picture,
                                 inverter.invert(*image, {.mix = &same.image}).picture),
              kClose);
}

TEST_P(PluginInverter, BadChannelsAreRefused) {
    Inverter inverter(GetParam(), make_inverter());
    for (const char *text : {"1", "1:", ":2", "1:x", "a:1", "1:2,", "1:nan", "1:inf", "1:2;3:4", " 1:2"}) {
        const std::string said =
            inverter.set("channels", text).refuse(MIRRA_E_INVALID_ARGUMENT, *picture(8, 8));
        EXPECT_THAT(said, HasSubstr("| channels |")) << text;
        EXPECT_THAT(said, HasSubstr("3:0,17:2")) << text;
    }
    EXPECT_THAT(inverter.set("channels", "6:0").refuse(MIRRA_E_INVALID_ARGUMENT, *picture(8, 8)),
                HasSubstr("there is no channel 6"));
    EXPECT_THAT(inverter.set("channels", "-1:0").refuse(MIRRA_E_INVALID_ARGUMENT, *picture(8, 8)),
                HasSubstr("0 to 5"));
    EXPECT_THAT(inverter.set("channels", "1:0,1:2").refuse(MIRRA_E_INVALID_ARGUMENT, *picture(8, 8)),
                HasSubstr("twice"));
}

TEST_P(PluginInverter, AnUnknownLayerNamesThoseThatThereAre) {
    Inverter inverter(GetParam(), make_inverter());
    const std::string said = inverter.set("layer", "conv9").refuse(MIRRA_E_NOT_FOUND, *picture(8, 8));
    EXPECT_THAT(said, HasSubstr("'conv9'"));
    EXPECT_THAT(said, HasSubstr("deep, low"));
    EXPECT_THAT(inverter.set("method", "optimize").refuse(MIRRA_E_NOT_FOUND, *picture(8, 8)),
                HasSubstr("low, deep"));
}

TEST_P(PluginInverter, AutoIsTheBundlesLayer) {
    const auto image = picture(12, 12);
    Inverter inverter(GetParam(), make_inverter({.defaults = R"({"layer": "low"})"}));
    const auto automatic = inverter.set("layer", "auto").invert(*image).picture;
    EXPECT_EQ(automatic, inverter.set("layer", "low").invert(*image).picture);
    EXPECT_NE(automatic, inverter.set("layer", "deep").invert(*image).picture);
}

TEST_P(PluginInverter, FeaturesOfAWrongShapeAreRefused) {
    const auto image = picture(20, 12);
    Inverter inverter(GetParam(), make_inverter());
    std::vector<float> values(kDeepChannels * 9);
    std::int64_t shape[] = {1, kDeepChannels, 3, 3};
    DLTensor tensor{};
    tensor = {values.data(), {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, shape, nullptr, 0};
    const std::string said = inverter.refuse(MIRRA_E_MISMATCH, *image, {.features_in = &tensor});
    EXPECT_THAT(said, HasSubstr("{1, 6, 3, 3}"));
    EXPECT_THAT(said, HasSubstr("{1, 6, 3, 5} for an image of 20 x 12 pixels"));
    tensor.ndim = 1;
    inverter.refuse(MIRRA_E_MISMATCH, *image, {.features_in = &tensor});
}

TEST_P(PluginInverter, ASecondImageAndFeaturesTogetherAreRefused) {
    const auto image = picture(8, 8);
    Inverter inverter(GetParam(), make_inverter());
    const Inversion plain = inverter.invert(*image, {.features_out = true});
    const TensorView features = tensor_of(plain.result, "features_out");
    EXPECT_THAT(inverter.refuse(MIRRA_E_INVALID_ARGUMENT, *image,
                                {.mix = &image->image, .features_in = &features->dl_tensor}),
                HasSubstr("Give one of 'mix' and 'features_in'"));
}

TEST_P(PluginInverter, ASecondImageMustNotLieInTheOutput) {
    const auto image = picture(8, 8);
    Floats out(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    Failure failure;
    EXPECT_EQ(MIRRA_E_INVALID_ARGUMENT,
              Inverter(GetParam(), make_inverter()).run(*image, out, {.mix = &out.image}, failure.out()));
    EXPECT_THAT(message(failure), HasSubstr("shares memory"));
}

void expect_refused(const char *runtime, const Bundle &bundle, const char *text) {
    MIRRA_STRUCT(mirra_engine_options, options);
    options.flags = MIRRA_PLUGIN_PATH_ONLY;
    options.plugin_path = MIRRA_TEST_PLUGINS;
    options.runtime_module = runtime;
    Engine engine;
    EXPECT_OK(mirra_engine_create(&options, engine.out(), error));
    MIRRA_STRUCT(mirra_session_options, session_options);
    session_options.task = "invert";
    session_options.bundle = bundle.get();
    Session session;
    Failure failure;
    EXPECT_EQ(MIRRA_E_MISMATCH,
              mirra_session_create(engine.get(), &session_options, session.out(), failure.out()));
    EXPECT_THAT(message(failure), HasSubstr(text));
}

TEST_P(PluginInverter, ABundleForSomethingElseIsRefused) {
    expect_refused(GetParam(), make_inverter({.task = "denoise"}), "is for the task 'denoise', not 'invert'");
    InverterKind headless;
    headless.graphs.erase("encoder");
    expect_refused(GetParam(), make_inverter(headless), "no graph 'encoder'");
}

TEST_P(PluginInverter, ABundleWithOneLayerNeedsNoEndings) {
    InverterKind kind{.defaults = "{}"};
    auto all = std::exchange(kind.graphs, {});
    kind.graphs["encoder"] = all.at("encoder");
    std::erase_if(kind.graphs["encoder"].outputs, [](const auto &output) { return output.name == "low"; });
    kind.graphs["encoder"].outputs.front().name = "features";
    kind.graphs["generator"] = all.at("generator-deep");
    kind.graphs["generator"].name = "generator";
    kind.graphs["autoencoder"] = all.at("autoencoder-deep");
    kind.graphs["autoencoder"].name = "autoencoder";
    const auto image = picture(21, 13);
    Inverter short_named(GetParam(), make_inverter(kind));
    const Inversion inversion = short_named.invert(*image, {.features_out = true});
    EXPECT_NE(tensor_of(inversion.result, "features_out"), nullptr);
    EXPECT_LT(largest_difference(inversion.picture, short_named.invert(*image).picture), kClose);
}

TEST_P(PluginInverter, LargeImagesFitIntoAGigabyte) {
    InverterKind alexnet{.graphs = {}, .defaults = R"({"layer": "conv5"})"};
    const auto transform = graph::InputTransform::mean_std;
    alexnet.graphs["encoder"] = graph::alexnet_encoder(transform);
    const std::pair<const char *, graph::AlexNetTap> layers[] = {{"conv1", graph::AlexNetTap::conv1},
                                                                 {"conv5", graph::AlexNetTap::conv5}};
    for (const auto &[layer, tap] : layers) {
        const std::string ending = std::string("-") + layer;
        alexnet.graphs["generator" + ending] = graph::alexnet_generator(tap);
        alexnet.graphs["generator" + ending].name = "generator" + ending;
        alexnet.graphs["autoencoder" + ending] = graph::alexnet_autoencoder(tap, transform);
        alexnet.graphs["autoencoder" + ending].name = "autoencoder" + ending;
        // Generators of two layers have weights of their own.
        for (const char *kind : {"generator", "autoencoder"})
            for (auto &node : alexnet.graphs[kind + ending].nodes)
                for (auto &[role, name] : node.weights)
                    if (name.starts_with("generator")) name = layer + ("." + name);
    }
    constexpr std::uint64_t kGigabyte = std::uint64_t{1} << 30;
    Inverter inverter(GetParam(), make_inverter(alexnet), 0, kGigabyte);
    for (const char *layer : {"conv1", "conv5"})
        for (const auto &[width, height] : {Extent{1, 1}, {33, 17}, {8000, 6000}}) {
            const mirra_plan plan = inverter.set("layer", layer).plan(width, height);
            EXPECT_EQ(plan.fits, 1) << layer << " " << width << " needs " << plan.required_bytes;
            EXPECT_LE(plan.peak_bytes, kGigabyte);
            EXPECT_EQ(plan.alignment, 32) << "that of the encoder, whichever the layer";
        }
}

} // namespace
} // namespace mirra::test
