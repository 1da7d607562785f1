// How tensors are called in the wild, and what they become.
#include "import/recipes.hpp"
#include "import/weight_source.hpp"

#include "mirra/error.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

namespace mirra::trainer::importer {
namespace {

std::string renamed(const char *architecture, const std::string &key) {
    return find_recipe(architecture).rename(key).value_or("(dropped)");
}

TEST(Recipes, KnowTheAuthorsNames) {
    for (const char *key :
         {"module.model.features.0.weight", "features.0.weight", "module.classifier.features.0.weight",
          "model.features.0.weight", "module.features.0.weight", "encoder.features.0.weight"})
        EXPECT_EQ(renamed("alexnet-ae-conv5", key), "encoder.features.0.weight") << key;
    for (const char *key :
         {"module.generator.gen.3.weight_orig", "generator.gen.3.weight_orig", "gen.3.weight_orig"})
        EXPECT_EQ(renamed("alexnet-ae-conv1", key), "generator.gen.3.weight_orig") << key;
    EXPECT_EQ(renamed("alexnet-denoiser", "module.classifier.conv1_1.bias"), "encoder.features.0.bias");
    EXPECT_EQ(renamed("alexnet-denoiser", "module.model.features.0.weight"), "encoder.features.0.weight");
    EXPECT_EQ(renamed("alexnet-denoiser", "features.3.weight"), "encoder.features.3.weight");
    EXPECT_EQ(renamed("alexnet-denoiser", "features.6.weight"), "encoder.features.6.weight");
    EXPECT_EQ(renamed("alexnet-denoiser", "features.8.weight"), "encoder.features.8.weight");
    EXPECT_EQ(renamed("alexnet-denoiser", "classifier.features.10.bias"), "encoder.features.10.bias");
    EXPECT_EQ(renamed("alexnet-denoiser", "module.generator.conv7_1.weight_u"), "generator.conv7_1.weight_u");
    EXPECT_EQ(renamed("alexnet-denoiser", "module.classifier.pool1.LL.weight"), "encoder.pool1.LL.weight");
}

TEST(Recipes, DropWhatIsNotNeeded) {
    for (const char *key :
         {"module.model.classifier.1.weight", "module.model.last_layer.bias", "module.normalizer.new_mean",
          "module.attacker.normalize.new_std", "module.attacker.model.features.0.weight", "classifier.6.bias",
          "module.generator.linear1.weight", "module.generator.gen.1.num_batches_tracked",
          "module.classifier.classifier.4.weight", "module.classifier.last_layer.weight"})
        EXPECT_EQ(renamed("alexnet-ae-conv5", key), "(dropped)") << key;
    EXPECT_EQ(renamed("alexnet-denoiser", "module.generator.unpool1.LH.weight"), "(dropped)");
}

TEST(Recipes, KnowTheWeightsOfLpips) {
    EXPECT_EQ(renamed("lpips-alex", "features.3.bias"), "lpips.features.3.bias");
    EXPECT_EQ(renamed("lpips-alex", "lin2.model.1.weight"), "lpips.lin2.weight");
    EXPECT_EQ(renamed("lpips-vgg", "lins.4.model.1.weight"), "lpips.lin4.weight");
    EXPECT_EQ(renamed("lpips-vgg", "classifier.0.weight"), "(dropped)");
    EXPECT_EQ(graph::parameter_count(find_recipe("lpips-alex").graphs({}, {}).front()), 2'469'696);
    EXPECT_EQ(graph::parameter_count(find_recipe("lpips-vgg").graphs({}, {}).front()), 14'714'688);
    EXPECT_EQ(find_recipe("lpips-vgg").graphs({}, {}).size(), 6u);
}

TEST(Recipes, TorchvisionsNetworksAreEncodersOfFullSizePictures) {
    EXPECT_EQ(renamed("torchvision-resnet50", "module.layer1.0.downsample.0.weight"),
              "layer1.0.downsample.0.weight");
    EXPECT_EQ(renamed("torchvision-resnet50", "fc.weight"), "(dropped)");
    EXPECT_EQ(renamed("torchvision-vgg19", "classifier.6.bias"), "(dropped)");
    const auto shape = [](const char *id, const char *tap) {
        const auto graphs = find_recipe(id).graphs({}, {});
        EXPECT_EQ(graphs.size(), 1u);
        const auto part = graph::part_of(graphs.front(), tap, "features");
        const auto shapes = graph::infer_shapes(part, {{"image", {1, 3, 224, 224}}});
        return shapes.at(part.outputs.front().source);
    };
    EXPECT_EQ(shape("torchvision-resnet18", "layer2"), (graph::Shape{1, 128, 28, 28}));
    EXPECT_EQ(shape("torchvision-resnet50", "layer4"), (graph::Shape{1, 2048, 7, 7}));
    EXPECT_EQ(shape("torchvision-wide_resnet50_2", "layer3"), (graph::Shape{1, 1024, 14, 14}));
    EXPECT_EQ(shape("torchvision-alexnet", "conv2"), (graph::Shape{1, 192, 13, 13}));
    EXPECT_EQ(shape("torchvision-vgg19", "conv4_1"), (graph::Shape{1, 512, 28, 28}));
}

TEST(Recipes, ListWhatThereIs) {
    EXPECT_EQ(recipe_names().size(), 17u);
    try {
        find_recipe("vgg");
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
        EXPECT_NE(error.hint().find("alexnet-denoiser"), std::string::npos);
        EXPECT_NE(error.hint().find("resnet18-classifier"), std::string::npos);
    }
}

TEST(Recipes, BundlesHaveTheGraphsThatTasksLookFor) {
    const auto names = [](const char *id) {
        std::string text;
        for (const auto &graph : find_recipe(id).graphs({}, {})) text += graph.name + " ";
        return text;
    };
    EXPECT_EQ(names("alexnet-ae-conv2"), "encoder generator-conv2 autoencoder-conv2 ");
    EXPECT_EQ(names("alexnet-denoiser"), "denoiser autoencoder ");
    EXPECT_EQ(names("alexnet-encoder"), "encoder comparator ");
    EXPECT_EQ(names("resnet18-classifier"), "encoder classifier ");
    EXPECT_EQ(find_recipe("alexnet-denoiser").task, "denoise");
    EXPECT_EQ(find_recipe("alexnet-ae-conv5").task, "invert");
}

TEST(SpectralNorm, DividesByTheStoredVectorsNotByTheTrueNorm) {
    // W = [[1, 2], [3, 4]], u = (1, 2), v = (3, 5): u . (W v) = 13 + 2 * 29 = 71.
    bundle::WeightTensor weight{{2, 2, 1, 1}, {1, 2, 3, 4}};
    const std::vector<float> u{1, 2}, v{3, 5};
    fold_spectral_norm(weight, u, v, false, "w");
    for (std::size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(weight.values[i], static_cast<float>(i + 1) / 71);
}

TEST(SpectralNorm, TransposedConvolutionsUseTheirSecondDimension) {
    // The matrix is the transpose: [[1, 3], [2, 4]], so u . (W v) = (3 + 15) + 2 * (6 + 20) = 70.
    bundle::WeightTensor weight{{2, 2, 1, 1}, {1, 2, 3, 4}};
    const std::vector<float> u{1, 2}, v{3, 5};
    fold_spectral_norm(weight, u, v, true, "w");
    for (std::size_t i = 0; i < 4; ++i) EXPECT_FLOAT_EQ(weight.values[i], static_cast<float>(i + 1) / 70);
    const SpectralShape shape = spectral_shape({256, 128, 4, 4}, true);
    EXPECT_EQ(shape.rows, 128);
    EXPECT_EQ(shape.columns, 256 * 16);
}

TEST(SpectralNorm, TapsRunFastest) {
    bundle::WeightTensor weight{{1, 1, 1, 2}, {2, 3}};
    const std::vector<float> u{1}, v{10, 100};
    fold_spectral_norm(weight, u, v, false, "w");
    EXPECT_FLOAT_EQ(weight.values[0], 2.0f / 320);
}

TEST(SpectralNorm, RefusesAZeroNorm) {
    bundle::WeightTensor weight{{1, 1, 1, 1}, {2}};
    const std::vector<float> u{0}, v{1};
    EXPECT_THAT([&] { static_cast<void>(fold_spectral_norm(weight, u, v, false, "w")); },
                mirra::test::throws_error(ErrorCode::corrupt, "zero or not a finite number (w)"));
}

} // namespace
} // namespace mirra::trainer::importer
