// Classifiers as they are in the wild: layouts, wrappers, widths, heads, normalisation, and what is refused.
#include "import/import.hpp"
#include "import_state.hpp"

#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using graph::InputTransform;
using test::TorchState;
using Renames = std::vector<std::pair<std::string, std::string>>;

std::string path(const std::string &name) {
    return mirra::test::scratch() + "import_classifier_" + name;
}

/// The narrowest networks: 8 channels at first.
graph::ClassifierOptions narrow(const std::string &architecture, std::int64_t classes = 3) {
    graph::ClassifierOptions options;
    options.architecture = architecture;
    options.transform = InputTransform::none;
    options.classes = classes;
    options.width = architecture == "wrn-28-10" ? 8.0 / 160 : 8.0 / 64;
    const bool hidden = architecture == "alexnet" || architecture == "vgg16";
    options.hidden = hidden ? std::vector<std::int64_t>{12, 10} : std::vector<std::int64_t>{};
    options.pooled_extent = 2;
    return options;
}

/// The weights under their published names, with other ones where a layout has them, behind a prefix.
TorchState published(const graph::ClassifierOptions &options, const Renames &renames = {},
                     const std::string &prefix = "") {
    TorchState state;
    for (const auto &[weight, shape] : graph::weight_shapes(graph::classifier(options).classifier)) {
        auto name = weight.substr(weight.find('.') + 1);
        for (const auto &[from, to] : renames)
            if (const auto at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
        state.emplace_back(prefix + name, test::random_tensor(shape));
    }
    return state;
}

ImportOptions options_for(const std::string &architecture) {
    ImportOptions options;
    options.architecture = architecture + "-classifier";
    options.files = {path("in.pth")};
    options.output = path("out.mirra");
    return options;
}

std::shared_ptr<const bundle::Bundle> import(const TorchState &state, const ImportOptions &options) {
    test::write_torch_zip(path("in.pth"), state);
    import_checkpoint(options);
    return bundle::Bundle::open(options.output);
}

std::string failure(const TorchState &state, const ImportOptions &options,
                    ErrorCode code = ErrorCode::mismatch) {
    std::filesystem::remove(options.output);
    try {
        import(state, options);
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), code) << error.what();
        EXPECT_FALSE(std::filesystem::exists(options.output));
        return std::string(error.what()) + " | " + error.hint();
    }
    ADD_FAILURE() << "imported";
    return {};
}

/// Imports the state and compares graphs and weights with those of `expected`; `renames` and `prefix` as
/// above.
void expect_network(const TorchState &state, const graph::ClassifierOptions &expected,
                    const Renames &renames = {}, const std::string &prefix = "") {
    const auto bundle = import(state, options_for(expected.architecture));
    const auto graphs = graph::classifier(expected);
    EXPECT_EQ(bundle->graph("encoder"), graphs.encoder);
    ASSERT_EQ(bundle->graph("classifier"), graphs.classifier);
    for (const auto &[weight, shape] : graph::weight_shapes(graphs.classifier)) {
        auto name = weight.substr(weight.find('.') + 1);
        for (const auto &[from, to] : renames)
            if (const auto at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
        auto sources = state;
        EXPECT_EQ(test::stored(*bundle, weight), test::values(test::tensor(sources, prefix + name)))
            << weight;
    }
}

void expect_network(const graph::ClassifierOptions &network, const Renames &renames = {},
                    const std::string &prefix = "") {
    expect_network(published(network, renames, prefix), network, renames, prefix);
}

nlohmann::json provenance(const bundle::Bundle &bundle) {
    return nlohmann::json::parse(bundle.manifest().provenance);
}

test::TorchTensor constants(std::vector<float> values) {
    return test::float_tensor({1, 3, 1, 1}, values);
}

TEST(ImportClassifier, AlexNetOfTorchvisionAndOfRobustness) {
    expect_network(narrow("alexnet"), {{"last_layer.", "classifier.6."}});
    expect_network(narrow("alexnet"), {}, "module.model.");
    auto wide = narrow("alexnet");
    wide.width = 16.0 / 64;
    wide.pooled_extent = 3;
    wide.hidden = {7};
    expect_network(wide);
    wide.hidden = {};
    expect_network(wide);
}

TEST(ImportClassifier, Vgg16WithAndWithoutBatchNorm) {
    expect_network(narrow("vgg16"));
    auto options = narrow("vgg16");
    options.batch_norm = true;
    options.pooled_extent = 1;
    expect_network(options, {}, "_orig_mod.");
}

TEST(ImportClassifier, ResNet18OfBothLayouts) {
    expect_network(narrow("resnet18"), {}, "module.");
    expect_network(narrow("resnet18"), {{".shortcut.", ".downsample."}, {"linear.", "fc."}});
}

TEST(ImportClassifier, WideResNetsOfAnyWidthAndDepth) {
    const Renames renames{{".shortcut.", ".convShortcut."}};
    expect_network(narrow("wrn-28-10"), renames);
    auto options = narrow("wrn-28-10");
    options.width = 16.0 / 160; // the first stage needs no shortcut then
    options.blocks = 1;
    auto state = published(options, renames);
    state.emplace_back("sub_block1.layer.0.conv1.weight", test::random_tensor({2}));
    expect_network(state, options, renames);
}

TEST(ImportClassifier, TwoClassesAreEnoughAndOneIsNot) {
    for (const char *architecture : {"alexnet", "vgg16", "resnet18", "wrn-28-10"})
        expect_network(narrow(architecture, 2), {{".shortcut.", ".shortcut."}});
    auto state = published(narrow("resnet18"));
    test::tensor(state, "linear.weight") = test::random_tensor({1, 64});
    test::tensor(state, "linear.bias") = test::random_tensor({1});
    EXPECT_NE(failure(state, options_for("resnet18"), ErrorCode::invalid_argument).find("2 classes"),
              std::string::npos);
}

TEST(ImportClassifier, RobustnessCheckpointsKeepTheirNormalisation) {
    auto state = published(narrow("resnet18"), {}, "module.model.");
    for (const auto &[name, tensor] : published(narrow("resnet18"), {}, "module.attacker.model."))
        state.emplace_back(name, tensor);
    for (const char *layer : {"module.normalizer.", "module.attacker.normalize."}) {
        state.emplace_back(layer + std::string("new_mean"),
                           test::float_tensor({3, 1, 1}, {0.4914f, 0.4822f, 0.4465f}));
        state.emplace_back(layer + std::string("new_std"),
                           test::float_tensor({3, 1, 1}, {0.2023f, 0.1994f, 0.2010f}));
    }
    auto expected = narrow("resnet18");
    expected.transform = InputTransform::mean_std_cifar;
    expect_network(state, expected, {}, "module.model.");

    ImportOptions options = options_for("resnet18");
    options.input_transform = InputTransform::none;
    const auto bundle = import(state, options);
    EXPECT_EQ(bundle->graph("classifier"), graph::classifier(narrow("resnet18")).classifier);
    EXPECT_EQ(provenance(*bundle)["input_transform"], "none");
}

TEST(ImportClassifier, KnowsTheNormalisationLayersOfOthers) {
    for (const auto &[mean, deviation] :
         {std::pair("normalize.mean", "normalize.std"), std::pair("mu", "sigma"), std::pair("mean", "std")}) {
        auto state = published(narrow("resnet18"), {}, "model.");
        state.emplace_back(mean, constants({0.485f, 0.456f, 0.406f}));
        state.emplace_back(deviation, constants({0.229f, 0.224f, 0.225f}));
        const auto bundle = import(state, options_for("resnet18"));
        EXPECT_EQ(provenance(*bundle)["input_transform"], "mean_std") << mean;
    }
}

TEST(ImportClassifier, NamesConstantsThatItDoesNotKnow) {
    auto state = published(narrow("resnet18"));
    state.emplace_back("mu", constants({0.4914f, 0.4822f, 0.4465f}));
    state.emplace_back("sigma", constants({0.2471f, 0.2435f, 0.2616f}));
    ImportOptions options = options_for("resnet18");
    const auto message = failure(state, options);
    for (const char *part : {"0.4914,0.4822,0.4465", "0.2471,0.2435,0.2616", "--input-transform"})
        EXPECT_NE(message.find(part), std::string::npos) << message;

    auto expected = narrow("resnet18");
    expected.normalisation = {{0.4914, 0.4822, 0.4465}, {0.2471, 0.2435, 0.2616}};
    options.normalisation = expected.normalisation;
    EXPECT_EQ(import(state, options)->graph("classifier"), graph::classifier(expected).classifier);
}

TEST(ImportClassifier, RefusesNormalisationsThatMakeNoSense) {
    auto state = published(narrow("resnet18"));
    state.emplace_back("mu", constants({0.5f, 0.5f, 0.5f}));
    EXPECT_NE(failure(state, options_for("resnet18")).find("'sigma' is not three numbers"),
              std::string::npos);
    state.emplace_back("sigma", test::random_tensor({4}));
    EXPECT_NE(failure(state, options_for("resnet18")).find("'sigma' is not three numbers"),
              std::string::npos);
    test::tensor(state, "sigma") = constants({0.5f, 0.5f, 0.5f});
    state.emplace_back("normalize.mean", constants({0, 0, 0}));
    state.emplace_back("normalize.std", constants({1, 1, 1}));
    EXPECT_NE(failure(state, options_for("resnet18")).find("two different ways"), std::string::npos);
}

TEST(ImportClassifier, ListsAllThatIsWrong) {
    auto state = published(narrow("alexnet"));
    test::remove_tensor(state, "features.3.bias");
    test::remove_tensor(state, "classifier.1.weight");
    test::tensor(state, "features.6.weight") = test::random_tensor({48, 24, 5, 5});
    state.emplace_back("features.11.weight", test::random_tensor({1}));
    const auto message = failure(state, options_for("alexnet"));
    for (const char *part : {"missing: classifier.1.weight [12, 1152], features.3.bias [24];",
                             "wrong: features.6.weight has shape [48, 24, 5, 5], wanted [48, 24, 3, 3];",
                             "unexpected: features.11.weight"})
        EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
}

TEST(ImportClassifier, RefusesOtherNetworksTensorByTensor) {
    auto state = published(narrow("resnet18"));
    test::tensor(state, "conv1.weight") = test::random_tensor({8, 3, 7, 7}); // ImageNet's stem
    EXPECT_NE(failure(state, options_for("resnet18")).find("conv1.weight has shape [8, 3, 7, 7], wanted"),
              std::string::npos);
    state = published(narrow("wrn-28-10"));
    test::remove_tensor(state, "block1.layer.1.conv1.weight");
    EXPECT_NE(failure(state, options_for("wrn-28-10")).find("missing: block1.layer.1.conv1.weight ["),
              std::string::npos);
    const auto message = failure(published(narrow("vgg16")), options_for("alexnet"));
    EXPECT_NE(message.find("features.0.weight has shape [8, 3, 3, 3], wanted [8, 3, 11, 11]"),
              std::string::npos);
    EXPECT_NE(message.find("features.28.weight"), std::string::npos);
}

TEST(ImportClassifier, SaysWhatAnAttackMustKnow) {
    const auto state = published(narrow("resnet18"));
    ImportOptions options = options_for("resnet18");
    auto bundle = import(state, options);
    EXPECT_EQ(provenance(*bundle)["extent"], 32);
    EXPECT_EQ(provenance(*bundle)["input_transform"], "none");
    EXPECT_FALSE(provenance(*bundle).contains("classes"));
    EXPECT_EQ(bundle->manifest().architecture, "resnet18-classifier");

    options.extent = 64;
    options.class_names = {"cat", "dog", "horse"};
    bundle = import(state, options);
    EXPECT_EQ(provenance(*bundle)["extent"], 64);
    EXPECT_EQ(provenance(*bundle)["classes"], nlohmann::json(options.class_names));
    options.class_names.pop_back();
    EXPECT_NE(failure(state, options, ErrorCode::invalid_argument).find("2 class names"), std::string::npos);
}

TEST(ImportClassifier, ReadsMirrasOwnNames) {
    const auto options = narrow("vgg16");
    TorchState state;
    for (const auto &[name, shape] : graph::weight_shapes(graph::classifier(options).classifier))
        state.emplace_back(name, test::random_tensor(shape));
    const auto bundle = import(state, options_for("vgg16"));
    for (const auto &[name, source] : state)
        EXPECT_EQ(test::stored(*bundle, name), test::values(source)) << name;
}

TEST(ImportClassifierCommand, TakesItsOptions) {
    test::write_torch_zip(path("in.pth"), published(narrow("alexnet")));
    const std::string out = path("command.mirra");
    CLI::App app;
    add_import_command(app);
    app.parse("import --arch alexnet-classifier --class-names a,b,c " + path("in.pth") +
              " --extent 96 --mean 0.1,0.2,0.3 --std 1,2,4 -o " + out);
    const auto bundle = bundle::Bundle::open(out);
    EXPECT_EQ(provenance(*bundle)["classes"], (nlohmann::json{"a", "b", "c"}));
    EXPECT_EQ(provenance(*bundle)["extent"], 96);
    EXPECT_EQ(provenance(*bundle)["normalisation"]["deviation"], (nlohmann::json{1.0, 2.0, 4.0}));
    EXPECT_EQ(bundle->graph("classifier").nodes.front().reals("mean"), (std::vector<double>{0.1, 0.2, 0.3}));

    for (const char *wrong :
         {"--mean 1,2,3", "--mean 1,2 --std 1,2", "--input-transform half", "--extent 0",
          "--mean 0,0,0 --std 1,1,1 --input-transform none", "--mean 0,0,0 --std 1,0,1",
          "--mean 0,0,0 --std 1,1e300,1", "--mean 1e300,0,0 --std 1,1,1", "--graph a.json"}) {
        CLI::App other;
        add_import_command(other);
        EXPECT_THROW(
            other.parse("import --arch alexnet-classifier " + path("in.pth") + " -o " + out + " " + wrong),
            CLI::ParseError)
            << wrong;
    }
}

} // namespace
} // namespace mirra::trainer
