// The classification networks: published sizes, taps, and what is refused.
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

namespace mirra::graph {
namespace {

ClassifierOptions options_for(const std::string &architecture) {
    ClassifierOptions options;
    options.architecture = architecture;
    if (architecture == "vgg16") options.pooled_extent = 7;
    if (architecture == "alexnet" || architecture == "vgg16") options.classes = 1000;
    return options;
}

Shape shape_of(const Graph &graph, const std::string &output, std::int64_t extent) {
    const auto shapes = infer_shapes(graph, {{"image", {1, 3, extent, extent}}});
    for (const auto &each : graph.outputs)
        if (each.name == output) return shapes.at(each.source);
    return {};
}

TEST(Classifiers, HaveThePublishedNumbersOfParameters) {
    EXPECT_EQ(parameter_count(classifier(options_for("resnet18")).classifier), 11'173'962);
    EXPECT_EQ(parameter_count(classifier(options_for("wrn-28-10")).classifier), 36'479'194);
    EXPECT_EQ(parameter_count(classifier(options_for("vgg16")).encoder), 9'995'072);
    EXPECT_EQ(parameter_count(classifier(options_for("vgg16")).classifier), 138'357'544);
    EXPECT_EQ(parameter_count(classifier(options_for("alexnet")).encoder), 2'469'696);
    EXPECT_EQ(parameter_count(classifier(options_for("alexnet")).classifier), 61'100'840);
}

TEST(Classifiers, HaveTheTapsThatThePaperInverts) {
    EXPECT_EQ(shape_of(classifier(options_for("resnet18")).encoder, "layer4", 32), (Shape{1, 512, 4, 4}));
    EXPECT_EQ(shape_of(classifier(options_for("resnet18")).encoder, "layer3", 32), (Shape{1, 256, 8, 8}));
    EXPECT_EQ(shape_of(classifier(options_for("wrn-28-10")).encoder, "block3", 32), (Shape{1, 640, 8, 8}));
    EXPECT_EQ(shape_of(classifier(options_for("vgg16")).encoder, "conv5_1", 224), (Shape{1, 512, 14, 14}));
    EXPECT_EQ(shape_of(classifier(options_for("alexnet")).encoder, "conv5", 224), (Shape{1, 256, 6, 6}));
}

TEST(Classifiers, Vgg16HasATapAtEachResolution) {
    const auto encoder = classifier(options_for("vgg16")).encoder;
    EXPECT_EQ(shape_of(encoder, "conv1_1", 224), (Shape{1, 64, 224, 224}));
    EXPECT_EQ(shape_of(encoder, "conv2_1", 224), (Shape{1, 128, 112, 112}));
    EXPECT_EQ(shape_of(encoder, "conv3_1", 224), (Shape{1, 256, 56, 56}));
    EXPECT_EQ(shape_of(encoder, "conv4_1", 224), (Shape{1, 512, 28, 28}));
    EXPECT_EQ(encoder.outputs.back().name, "conv5_1");
}

TEST(Classifiers, EncoderIsAPartOfTheClassifier) {
    for (const auto &name : classifier_architectures()) {
        const auto graphs = classifier(options_for(name));
        const auto all = weight_shapes(graphs.classifier);
        for (const auto &[weight, shape] : weight_shapes(graphs.encoder)) {
            EXPECT_TRUE(weight.starts_with("encoder.")) << weight;
            ASSERT_TRUE(all.contains(weight)) << weight;
            EXPECT_EQ(all.at(weight), shape) << weight;
        }
    }
}

TEST(Classifiers, WidthScalesChannelsInStepsOfEight) {
    auto options = options_for("alexnet");
    options.width = 0.5;
    EXPECT_EQ(shape_of(classifier(options).encoder, "conv5", 128), (Shape{1, 128, 3, 3}));
    options.width = 1.0 / 64;
    EXPECT_EQ(shape_of(classifier(options).encoder, "conv5", 128), (Shape{1, 8, 3, 3}));
}

TEST(Classifiers, WideResNetsOfOtherDepths) {
    auto options = options_for("wrn-28-10");
    options.blocks = 5;
    EXPECT_EQ(parameter_count(classifier(options).classifier), 46'160'474); // WRN-34-10
    options.blocks = 0;
    EXPECT_THAT([&] { static_cast<void>(classifier(options)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "a stage has 1 to 64 blocks"));
}

TEST(Classifiers, CountTheirLogits) {
    EXPECT_EQ(logit_count(classifier(options_for("alexnet")).classifier), 1000);
    Builder b("classifier");
    b.output("logits", b.flatten(b.global_avg_pool(b.conv2d(b.input("image", 3), {.in = 3, .out = 7}, "c"))));
    EXPECT_EQ(logit_count(b.finish()), 7);
}

TEST(Classifiers, CountTheLogitsOfTheFirstOutputAlone) {
    Builder b("classifier");
    const auto features = b.global_avg_pool(b.conv2d(b.input("image", 3), {.in = 3, .out = 7}, "c"));
    b.output("logits", b.flatten(features));
    b.output("side", b.flatten(b.conv2d(features, {.in = 7, .out = 9, .kernel = 1, .padding = 0},
                                        "side"))); // stands last
    EXPECT_EQ(logit_count(b.finish()), 7);
    Builder joined("classifier");
    const auto image = joined.input("image", 3);
    joined.output("logits", joined.concat({joined.conv2d(image, {.in = 3, .out = 4}, "a"), image}));
    EXPECT_EQ(logit_count(joined.finish()), 0) << "no layer alone makes these";
}

TEST(Classifiers, RefuseWhatMakesNoSense) {
    EXPECT_THAT([&] { static_cast<void>(classifier(options_for("lenet"))); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "unknown architecture 'lenet'"));
    for (const double width : {0.0, -1.0, 100.0}) {
        auto options = options_for("resnet18");
        options.width = width;
        EXPECT_THAT([&] { static_cast<void>(classifier(options)); },
                    mirra::test::throws_error(ErrorCode::invalid_argument, "the width must lie in 1/64 to 8"))
            << width;
    }
    auto options = options_for("resnet18");
    options.classes = 1;
    EXPECT_THAT([&] { static_cast<void>(classifier(options)); },
                mirra::test::throws_error(ErrorCode::invalid_argument, "at least 2 classes"));
}

} // namespace
} // namespace mirra::graph
