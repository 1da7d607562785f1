// The published architectures: parameters, output sizes, and what happens to sizes that do not fit.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"

#include <gtest/gtest.h>

namespace mirra::graph {
namespace {

std::pair<std::int64_t, std::int64_t> output_size(const Graph &graph, const std::string &output,
                                                  std::int64_t height, std::int64_t width) {
    const auto shapes =
        infer_shapes(graph, {{graph.inputs[0].name, {1, graph.inputs[0].channels, height, width}}});
    for (const Output &out : graph.outputs)
        if (out.name == output) return {shapes.at(out.source)[2], shapes.at(out.source)[3]};
    throw Error(ErrorCode::not_found, "no such output", output);
}

using Size = std::pair<std::int64_t, std::int64_t>;

struct Tap {
    AlexNetTap tap;
    std::int64_t encoder_parameters, generator_parameters, channels, extent_at_224;
    Size odd; ///< what 300x420 becomes
};

const Tap kTaps[] = {
    {AlexNetTap::conv5, 2'469'696, 4'753'370, 256, 6, {288, 416}},
    {AlexNetTap::conv2, 330'688, 1'320'442, 192, 13, {288, 416}},
    {AlexNetTap::conv1, 23'296, 209'578, 64, 27, {296, 416}},
};

TEST(AlexNet, HasThePublishedParameterCounts) {
    for (const Tap &t : kTaps) {
        const Graph encoder = alexnet_encoder(InputTransform::scale_pm1, t.tap);
        const Graph generator = alexnet_generator(t.tap);
        EXPECT_EQ(parameter_count(encoder), t.encoder_parameters);
        EXPECT_EQ(parameter_count(generator), t.generator_parameters);
        EXPECT_EQ(parameter_count(alexnet_autoencoder(t.tap)), t.encoder_parameters + t.generator_parameters);
        EXPECT_EQ(generator.inputs[0].channels, t.channels);
    }
    EXPECT_EQ(parameter_count(alexnet_denoiser()), 2'469'696 + 2'574'778);
    EXPECT_EQ(parameter_count(alexnet_encoder(InputTransform::mean_std)), 2'469'696);
}

TEST(AlexNet, HasThePublishedSizes) {
    for (const Tap &t : kTaps) {
        const Graph encoder = alexnet_encoder(InputTransform::scale_pm1, t.tap);
        EXPECT_EQ(output_size(encoder, "features", 224, 224), Size(t.extent_at_224, t.extent_at_224));
        const Graph autoencoder = alexnet_autoencoder(t.tap);
        EXPECT_EQ(output_size(autoencoder, "image", 224, 224), Size(224, 224));
        EXPECT_EQ(output_size(autoencoder, "image", 64, 64), Size(64, 64));
        EXPECT_EQ(output_size(autoencoder, "image", 96, 160), Size(96, 160));
        EXPECT_EQ(output_size(autoencoder, "image", 300, 420), t.odd);
    }
}

TEST(AlexNet, EncoderHasThreeTaps) {
    const Graph encoder = alexnet_encoder(InputTransform::mean_std, "comparator");
    EXPECT_EQ(encoder.name, "comparator");
    EXPECT_EQ(output_size(encoder, "conv1", 224, 224), Size(27, 27));
    EXPECT_EQ(output_size(encoder, "conv2", 224, 224), Size(13, 13));
    EXPECT_EQ(output_size(encoder, "conv5", 224, 224), Size(6, 6));
}

TEST(AlexNet, InputTransformIsTheFirstNode) {
    const Graph none = alexnet_encoder(InputTransform::none);
    EXPECT_EQ(none.nodes[0].op, Op::conv2d);
    const Graph scaled = alexnet_encoder(InputTransform::scale_pm1);
    ASSERT_EQ(scaled.nodes[0].op, Op::normalise);
    EXPECT_EQ(scaled.nodes[0].reals("mean"), std::vector<double>(3, 0.5));
    EXPECT_EQ(scaled.nodes[0].reals("deviation"), std::vector<double>(3, 0.5));
    const Graph imagenet = alexnet_encoder(InputTransform::mean_std);
    EXPECT_EQ(imagenet.nodes[0].reals("mean"), (std::vector<double>{0.485, 0.456, 0.406}));
    EXPECT_EQ(imagenet.nodes[0].reals("deviation"), (std::vector<double>{0.229, 0.224, 0.225}));
}

TEST(AlexNet, WeightsAreNamedAsInTheAuthorsStateDicts) {
    const auto conv5 = weight_shapes(alexnet_generator(AlexNetTap::conv5));
    EXPECT_EQ(conv5.at("generator.gen.3.weight"), (Shape{256, 256, 4, 4}));
    EXPECT_EQ(conv5.at("generator.gen.15.weight"), (Shape{256, 128, 4, 4}));
    EXPECT_EQ(conv5.at("generator.gen.34.running_var"), (Shape{3}));
    EXPECT_EQ(conv5.at("generator.gen.36.bias"), (Shape{3}));
    const auto conv2 = weight_shapes(alexnet_generator(AlexNetTap::conv2));
    EXPECT_EQ(conv2.at("generator.gen.25.weight"), (Shape{32, 64, 3, 3}));
    EXPECT_EQ(conv2.at("generator.gen.31.bias"), (Shape{3}));
    const auto conv1 = weight_shapes(alexnet_generator(AlexNetTap::conv1));
    EXPECT_EQ(conv1.at("generator.gen.21.weight"), (Shape{16, 32, 3, 3}));
    EXPECT_EQ(conv1.at("generator.gen.27.bias"), (Shape{3}));
    const auto denoiser = weight_shapes(alexnet_denoiser());
    EXPECT_EQ(denoiser.at("encoder.features.8.weight"), (Shape{256, 384, 3, 3}));
    EXPECT_EQ(denoiser.at("generator.conv5_2.weight"), (Shape{192, 256, 3, 3}));
    EXPECT_EQ(denoiser.at("generator.bn2_1.running_mean"), (Shape{32}));
}

TEST(AlexNetDenoiser, KeepsMultiplesOf32AndRefusesTheRest) {
    const Graph graph = alexnet_denoiser();
    for (const Size &size : {Size(64, 64), Size(224, 224), Size(96, 160), Size(1536, 2048)})
        EXPECT_EQ(output_size(graph, "image", size.first, size.second), size);
    for (const Size &size : {Size(300, 420), Size(32, 64), Size(16, 16)}) {
        try {
            output_size(graph, "image", size.first, size.second);
            ADD_FAILURE() << size.first << "x" << size.second << " was accepted";
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), ErrorCode::mismatch);
            EXPECT_FALSE(error.subject().empty());
            EXPECT_FALSE(error.hint().empty());
        }
    }
}

TEST(AlexNetDenoiser, PadsOnTheLeftAndBelow) {
    int found = 0;
    for (const Node &node : alexnet_denoiser().nodes) {
        if (node.op != Op::reflection_pad) continue;
        ++found;
        EXPECT_EQ(node.integer("left"), found == 3 ? 2 : 1);
        EXPECT_EQ(node.integer("bottom"), found == 3 ? 2 : 1);
        EXPECT_EQ(node.integer("right"), 0);
        EXPECT_EQ(node.integer("top"), 0);
    }
    EXPECT_EQ(found, 3);
}

TEST(AlexNet, SurvivesItsJsonForm) {
    for (const Graph &graph :
         {alexnet_denoiser(), alexnet_autoencoder(AlexNetTap::conv5),
          alexnet_encoder(InputTransform::mean_std), alexnet_generator(AlexNetTap::conv2)})
        EXPECT_EQ(parse_json(to_json(graph)), graph);
}

TEST(AlexNet, NeedsTheAlignmentOf32) {
    EXPECT_EQ(alignment(alexnet_autoencoder(AlexNetTap::conv5)), 32);
    EXPECT_EQ(alignment(alexnet_denoiser()), 32);
    EXPECT_EQ(minimum_extent(alexnet_denoiser()), 64);
}

} // namespace
} // namespace mirra::graph
