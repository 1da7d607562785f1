// Whole imports of the smallest architecture, and what is said when something is missing, superfluous or
// misshapen.
#include "import/import.hpp"
#include "import_state.hpp"

#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

namespace mirra::trainer {
namespace {

using test::random_tensor;
using test::random_values;
using test::remove_tensor;
using test::stored;
using test::tensor;
using test::TorchState;
using test::values;

std::string path(const std::string &name) {
    return mirra::test::scratch() + "import_checkpoint_" + name;
}

/// The conv1 autoencoder under its own names, without spectral normalisation.
TorchState plain_state() {
    TorchState state;
    for (const auto &[name, shape] :
         graph::weight_shapes(graph::alexnet_autoencoder(graph::AlexNetTap::conv1)))
        state.emplace_back(name, random_tensor(shape));
    return state;
}

ImportOptions options_for(const std::vector<std::filesystem::path> &files) {
    ImportOptions options;
    options.architecture = "alexnet-ae-conv1";
    options.files = files;
    options.output = path("out.mirra");
    return options;
}

std::shared_ptr<const bundle::Bundle> import(const TorchState &state) {
    test::write_torch_zip(path("in.pth"), state);
    const ImportOptions options = options_for({path("in.pth")});
    import_checkpoint(options);
    return bundle::Bundle::open(options.output);
}

/// The message of the failure, after checking that nothing was written.
std::string failure(const TorchState &state, ErrorCode code = ErrorCode::mismatch) {
    std::filesystem::remove(path("out.mirra"));
    try {
        import(state);
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), code) << error.what();
        EXPECT_FALSE(std::filesystem::exists(path("out.mirra")));
        return error.what();
    }
    ADD_FAILURE() << "imported";
    return {};
}

TEST(Import, KeepsEveryWeight) {
    const TorchState state = plain_state();
    const auto bundle = import(state);
    EXPECT_EQ(bundle->file().tensors().size(), state.size());
    for (const auto &[name, source] : state) EXPECT_EQ(stored(*bundle, name), values(source)) << name;
    EXPECT_EQ(bundle->manifest().task, "invert");
    EXPECT_EQ(bundle->manifest().architecture, "alexnet-ae-conv1");
    EXPECT_EQ(bundle->manifest().defaults, R"({"layer":"conv1"})");
    EXPECT_EQ(bundle->graph("encoder").outputs.front().name, "conv1");
    EXPECT_EQ(bundle->graph("generator-conv1").nodes,
              graph::alexnet_generator(graph::AlexNetTap::conv1).nodes);
    EXPECT_EQ(bundle->graph("autoencoder-conv1").nodes,
              graph::alexnet_autoencoder(graph::AlexNetTap::conv1).nodes);
    EXPECT_NE(bundle->manifest().provenance.find("import_checkpoint_in.pth"), std::string::npos);
}

TEST(Import, AcceptsTheAuthorsNamesInSeveralFiles) {
    const TorchState state = plain_state();
    TorchState encoder, generator;
    for (const auto &[name, source] : state) {
        if (name.starts_with("encoder.")) {
            encoder.emplace_back("module.model." + name.substr(8), source);
            encoder.emplace_back("module.attacker.model." + name.substr(8), source);
            generator.emplace_back("module.classifier." + name.substr(8), source);
        } else {
            generator.emplace_back("module." + name, source);
        }
    }
    encoder.emplace_back("module.model.classifier.1.weight", random_tensor({3, 4}));
    encoder.emplace_back("module.model.features.3.weight", random_tensor({192, 64, 5, 5}));
    encoder.emplace_back("module.normalizer.new_mean", random_tensor({3, 1, 1}));
    test::write_bytes(path("encoder.pth"), test::torch_legacy(encoder));
    test::write_torch_zip(path("generator.pth"), generator);
    import_checkpoint(options_for({path("encoder.pth"), path("generator.pth")}));
    const auto bundle = bundle::Bundle::open(path("out.mirra"));
    for (const auto &[name, source] : state) EXPECT_EQ(stored(*bundle, name), values(source)) << name;

    tensor(generator, "module.classifier.features.0.bias") = random_tensor({64});
    test::write_torch_zip(path("generator.pth"), generator);
    try {
        import_checkpoint(options_for({path("encoder.pth"), path("generator.pth")}));
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::mismatch);
        EXPECT_EQ(error.subject(), "encoder.features.0.bias");
    }
}

TEST(Import, FoldsBothKindsOfSpectralNorm) {
    TorchState state = plain_state();
    const auto conv = values(tensor(state, "generator.gen.0.weight"));
    const auto transposed = values(tensor(state, "generator.gen.3.weight"));
    tensor(state, "generator.gen.0.weight") = test::float_tensor({64, 64, 3, 3}, conv);
    const auto u = random_values(64), v = random_values(64 * 9), tu = random_values(64),
               tv = random_values(64 * 16);
    remove_tensor(state, "generator.gen.0.weight");
    remove_tensor(state, "generator.gen.3.weight");
    const std::string old = "generator.gen.0.weight", newer = "generator.gen.3.parametrizations.weight.";
    state.emplace_back(old + "_orig", test::float_tensor({64, 64, 3, 3}, conv));
    state.emplace_back(old + "_u", test::float_tensor({64}, u));
    state.emplace_back(old + "_v", test::float_tensor({64 * 9}, v));
    state.emplace_back(newer + "original", test::float_tensor({64, 64, 4, 4}, transposed));
    state.emplace_back(newer + "0._u", test::float_tensor({64}, tu));
    state.emplace_back(newer + "0._v", test::float_tensor({64 * 16}, tv));
    const auto bundle = import(state);

    double norm = 0, transposed_norm = 0;
    for (std::size_t o = 0; o < 64; ++o)
        for (std::size_t i = 0; i < 64; ++i) {
            for (std::size_t k = 0; k < 9; ++k)
                norm += double{u[o]} * double{conv[(o * 64 + i) * 9 + k]} * double{v[i * 9 + k]};
            for (std::size_t k = 0; k < 16; ++k)
                transposed_norm +=
                    double{tu[o]} * double{transposed[(i * 64 + o) * 16 + k]} * double{tv[i * 16 + k]};
        }
    const auto folded = bundle->weight("generator.gen.0.weight");
    const auto folded_transposed = bundle->weight("generator.gen.3.weight");
    for (std::size_t i = 0; i < folded.size(); ++i)
        ASSERT_FLOAT_EQ(folded[i], static_cast<float>(conv[i] / norm));
    for (std::size_t i = 0; i < folded_transposed.size(); ++i)
        ASSERT_FLOAT_EQ(folded_transposed[i], static_cast<float>(transposed[i] / transposed_norm));
}

TEST(Import, ListsAllThatIsWrong) {
    TorchState state = plain_state();
    remove_tensor(state, "generator.gen.6.weight");
    state.emplace_back("generator.gen.6.weight_orig", random_tensor({64, 64, 3, 3}));
    state.emplace_back("generator.gen.6.weight_u", random_tensor({3}));
    remove_tensor(state, "generator.gen.1.running_mean");
    tensor(state, "generator.gen.27.bias") = random_tensor({4});
    tensor(state, "generator.gen.1.bias").storage_type = "IntStorage";
    state.emplace_back("generator.gen.99.weight", random_tensor({1}));
    state.emplace_back("generator.gen.4.weight_orig", random_tensor({64})); // of a batch norm
    const std::string message = failure(state);
    for (const char *part :
         {"missing: generator.gen.1.running_mean [64], generator.gen.6.weight_v [",
          "unexpected: generator.gen.4.weight_orig, generator.gen.99.weight",
          "generator.gen.27.bias has shape [4], wanted [3]",
          "generator.gen.6.weight_u has shape [3], wanted [64]", "generator.gen.1.bias holds integers"})
        EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
}

TEST(Import, IgnoresTheUnexpectedOnlyWhenAsked) {
    TorchState state = plain_state();
    state.emplace_back("extra", random_tensor({1}));
    EXPECT_NE(failure(state).find("unexpected: extra"), std::string::npos);
    ImportOptions options = options_for({path("in.pth")});
    options.allow_unexpected = true;
    import_checkpoint(options);
    EXPECT_FALSE(bundle::Bundle::open(options.output)->file().tensors().contains("extra"));
}

TEST(Import, RefusesWeightsThatAreNotFinite) {
    TorchState state = plain_state();
    tensor(state, "generator.gen.27.bias") =
        test::float_tensor({3}, {1, 2, std::numeric_limits<float>::infinity()});
    failure(state, ErrorCode::invalid_argument);
}

TEST(Import, ChecksHaarFiltersOfDenoisers) {
    TorchState state;
    for (const auto &[name, shape] : graph::weight_shapes(graph::alexnet_denoiser()))
        state.emplace_back(name, random_tensor(shape));
    std::vector<float> taps;
    for (int i = 0; i < 64; ++i) taps.insert(taps.end(), {-.5f, .5f, -.5f, .5f});
    state.emplace_back("module.classifier.pool1.LH.weight", test::float_tensor({64, 1, 2, 2}, taps));
    state.emplace_back("module.generator.unpool1.LH.weight", test::float_tensor({64, 1, 2, 2}, taps));
    test::write_torch_zip(path("denoiser.pth"), state);
    ImportOptions options = options_for({path("denoiser.pth")});
    options.architecture = "alexnet-denoiser";
    import_checkpoint(options);
    const auto bundle = bundle::Bundle::open(options.output);
    EXPECT_EQ(bundle->manifest().task, "denoise");
    EXPECT_EQ(bundle->graph("autoencoder").nodes, bundle->graph("denoiser").nodes);

    tensor(state, "module.generator.unpool1.LH.weight").offset = 0;
    taps[5] = 0.7f;
    tensor(state, "module.classifier.pool1.LH.weight") = test::float_tensor({64, 1, 2, 2}, taps);
    test::write_torch_zip(path("denoiser.pth"), state);
    try {
        import_checkpoint(options);
        ADD_FAILURE();
    } catch (const Error &error) {
        EXPECT_NE(std::string(error.what()).find("encoder.pool1.LH.weight is not the Haar filter"),
                  std::string::npos);
    }
}

TEST(ImportCommand, TakesItsOptions) {
    const TorchState state = plain_state();
    test::write_torch_zip(path("in.pth"), state);
    CLI::App app;
    add_import_command(app);
    const std::string out = path("command.mirra");
    app.parse("import --arch alexnet-ae-conv1 " + path("in.pth") + " -o " + out +
              " --storage bf16 --input-transform mean_std --name Tiny --licence MIT");
    const auto bundle = bundle::Bundle::open(out);
    EXPECT_EQ(bundle->manifest().name, "Tiny");
    EXPECT_EQ(bundle->manifest().licence, "MIT");
    EXPECT_EQ(bundle->file().tensors().at("generator.gen.27.bias").dtype, bundle::DType::bf16);
    EXPECT_EQ(bundle->graph("encoder").nodes,
              graph::alexnet_encoder(graph::InputTransform::mean_std, graph::AlexNetTap::conv1).nodes);

    CLI::App other;
    add_import_command(other);
    EXPECT_THROW(other.parse("import --arch vgg a.pth -o b.mirra"), CLI::ValidationError);
}

} // namespace
} // namespace mirra::trainer
