// Generators for any encoder, and the discriminator: sizes, parameters, what is refused.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

#include <gtest/gtest.h>

namespace mirra::graph {
namespace {

Shape output_shape(const Graph &graph, std::int64_t extent) {
    const auto shapes =
        infer_shapes(graph, {{graph.inputs[0].name, {1, graph.inputs[0].channels, extent, extent}}});
    return shapes.at(graph.outputs[0].source);
}

Graph encoder_of(const std::string &architecture, double width = 1) {
    return classifier({.architecture = architecture, .width = width}).encoder;
}

TEST(Generator, OfAlexNetIsThePublishedOne) {
    const auto encoder = encoder_of("alexnet");
    EXPECT_EQ(parameter_count(generator(encoder, "conv5")), 4'753'370);
    EXPECT_EQ(parameter_count(generator(encoder, "conv2")), 1'320'442);
    EXPECT_EQ(parameter_count(generator(encoder, "conv1")), 209'578);
    auto published = alexnet_generator(AlexNetTap::conv5);
    published.name = "generator-conv5";
    EXPECT_EQ(generator(encoder, "conv5"), published);
}

TEST(Generator, OfDeepsimHasTheParametersOfTable7) {
    const auto encoder = encoder_of("alexnet");
    const auto deepsim = generator(encoder, "conv5", {.layout = "deepsim"});
    EXPECT_NEAR(static_cast<double>(parameter_count(deepsim)), 12.7e6, 0.05e6);
    EXPECT_EQ(output_shape(autoencoder(encoder, "conv5", deepsim), 224), (Shape{1, 3, 224, 224}));
}

struct Inverted {
    const char *architecture, *tap;
    double width;
    std::int64_t extent;
};

class EveryTap : public testing::TestWithParam<Inverted> {};

TEST_P(EveryTap, GivesAPictureOfTheSizeThatItCameFrom) {
    const auto &[architecture, tap, width, extent] = GetParam();
    const auto encoder = encoder_of(architecture, width);
    for (const auto *layout : {"auto", "mirror", "resize"}) {
        const auto whole = autoencoder(encoder, tap, generator(encoder, tap, {.layout = layout}));
        EXPECT_EQ(output_shape(whole, extent), (Shape{1, 3, extent, extent})) << layout;
        EXPECT_EQ(output_shape(whole, 2 * extent), (Shape{1, 3, 2 * extent, 2 * extent})) << layout;
        EXPECT_EQ(alignment(whole), alignment(part_of(encoder, tap, "features"))) << layout;
        EXPECT_FALSE(receptive_field(whole).unbounded) << layout;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Generator, EveryTap,
    testing::Values(Inverted{"alexnet", "conv1", 1, 224}, Inverted{"alexnet", "conv2", 0.5, 128},
                    Inverted{"alexnet", "conv5", 0.5, 128}, Inverted{"vgg16", "conv5_1", 0.25, 224},
                    Inverted{"vgg16", "conv1_1", 0.25, 64}, Inverted{"vgg16", "conv3_1", 0.25, 64},
                    Inverted{"resnet18", "layer3", 0.25, 32}, Inverted{"resnet18", "layer4", 1, 32},
                    Inverted{"wrn-28-10", "block3", 0.25, 32},
                    Inverted{"wrn-28-10", "block3_raw", 0.25, 32}));

TEST(Generator, MirrorsTheChannelsOfTheEncoder) {
    const auto resnet = generator(encoder_of("resnet18"), "layer4");
    std::vector<std::int64_t> channels;
    for (const auto &node : resnet.nodes)
        if (node.op == Op::conv_transpose2d) channels.push_back(node.integer("out_channels"));
    EXPECT_EQ(channels, (std::vector<std::int64_t>{256, 128, 64}));
}

TEST(Generator, RefusesWhatItCannotMirror) {
    const auto encoder = encoder_of("resnet18", 0.25);
    const auto code = [&](const auto &call) {
        try {
            call();
        } catch (const Error &error) {
            return error.code();
        }
        return ErrorCode::internal;
    };
    EXPECT_EQ(code([&] { generator(encoder, "layer9"); }), ErrorCode::not_found);
    EXPECT_EQ(code([&] { generator(encoder, "layer4", {.layout = "vae"}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([&] { generator(encoder, "layer4", {.width = 0}); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([&] { generator(encoder, "layer4", {.layout = "alexnet"}); }), ErrorCode::unsupported);
    EXPECT_EQ(code([&] { generator(encoder, "layer4", {.layout = "deepsim"}); }), ErrorCode::unsupported);
    Builder thirds("encoder");
    thirds.output("features",
                  thirds.conv2d(thirds.input("image", 3),
                                {.in = 3, .out = 8, .kernel = 3, .stride = 3, .padding = 0}, "c"));
    EXPECT_EQ(code([&] { generator(thirds.finish(), "features"); }), ErrorCode::unsupported);
}

TEST(Discriminator, HasThePublishedParametersAndOneLogitAtAnyExtent) {
    EXPECT_EQ(parameter_count(discriminator(256, 224)), 11'372'353);
    for (const std::int64_t extent : {32, 64, 128, 224}) {
        const auto graph = discriminator(64, extent, 0.25);
        const auto shapes =
            infer_shapes(graph, {{"image", {2, 3, extent, extent}}, {"features", {2, 64, 3, 3}}});
        EXPECT_EQ(shapes.at(graph.outputs[0].source), (Shape{2, 1})) << extent;
    }
}

TEST(PartOf, KeepsWhatTheOutputNeedsAlone) {
    const auto encoder = encoder_of("alexnet");
    const auto part = part_of(encoder, "conv1", "features");
    EXPECT_EQ(parameter_count(part), 23'296);
    EXPECT_EQ(part.outputs, (std::vector<Output>{{"features", encoder.outputs[0].source}}));
}

} // namespace
} // namespace mirra::graph
