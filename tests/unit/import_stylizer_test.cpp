// The paper's stylizer from three checkpoints, and what is said when they are not those of three levels.
#include "import/import.hpp"
#include "import_state.hpp"

#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "scratch.hpp"
#include "throws.hpp"

#include <gtest/gtest.h>

namespace mirra::trainer {
namespace {

using graph::AlexNetTap;
using test::stored;
using test::tensor;
using test::throws_error;
using test::TorchState;
using test::values;

std::string path(const std::string &name) {
    return mirra::test::scratch() + "import_stylizer_" + name;
}

/// An autoencoder's weights, under the names of the authors' checkpoints.
TorchState checkpoint(AlexNetTap tap, TorchState encoder) {
    TorchState state;
    for (const auto &[name, shape] : graph::weight_shapes(graph::alexnet_autoencoder(tap)))
        if (name.starts_with("generator."))
            state.emplace_back("module." + name, test::random_tensor(shape));
        else
            state.emplace_back("module.classifier." + name.substr(8), tensor(encoder, name));
    return state;
}

TorchState random_encoder() {
    TorchState state;
    for (const auto &[name, shape] :
         graph::weight_shapes(graph::alexnet_encoder(graph::InputTransform::scale_pm1)))
        state.emplace_back(name, test::random_tensor(shape));
    return state;
}

class ImportStylizer : public testing::Test {
  protected:
    /// In the order in which the command names them.
    static constexpr std::array kTaps{AlexNetTap::conv1, AlexNetTap::conv2, AlexNetTap::conv5};

    void SetUp() override {
        for (const auto tap : kTaps) states_.push_back(checkpoint(tap, encoder_));
    }
    void write() const {
        for (std::size_t i = 0; i < states_.size(); ++i)
            test::write_torch_zip(files_[i].string(), states_[i]);
    }
    [[nodiscard]] ImportOptions options() const {
        ImportOptions options;
        options.architecture = "alexnet-stylizer";
        options.files = files_;
        options.output = path("out.mirra");
        return options;
    }
    [[nodiscard]] std::shared_ptr<const bundle::Bundle> import() const {
        import_checkpoint(options());
        return bundle::Bundle::open(path("out.mirra"));
    }

    TorchState encoder_ = random_encoder();
    std::vector<TorchState> states_;
    std::vector<std::filesystem::path> files_{path("conv1.pt"), path("conv2.pt"), path("conv5.pt")};
};

TEST_F(ImportStylizer, MakesOneBundleOfThreeLevels) {
    write();
    std::swap(files_[0], files_[2]); // what a file is tells its content, not its place
    const auto bundle = import();
    const auto &manifest = bundle->manifest();
    EXPECT_EQ(manifest.task, "stylize");
    EXPECT_EQ(manifest.defaults, R"({"levels":"conv5,conv2,conv1"})");
    for (const auto &[name, source] : encoder_) EXPECT_EQ(stored(*bundle, name), values(source)) << name;
    const std::array<std::string, 3> layers{"conv1", "conv2", "conv5"};
    std::size_t tensors = encoder_.size();
    for (std::size_t i = 0; i < layers.size(); ++i) {
        EXPECT_EQ(bundle->graph("encoder-" + layers[i]).outputs.front().name, "features");
        EXPECT_EQ(bundle->graph("autoencoder-" + layers[i]).outputs.front().name, "image");
        for (const auto &[key, source] : states_[i]) {
            if (!key.starts_with("module.generator.")) continue;
            const auto name = "generator-" + layers[i] + key.substr(std::string("module.generator").size());
            EXPECT_EQ(stored(*bundle, name), values(source)) << name;
            ++tensors;
        }
    }
    EXPECT_EQ(bundle->file().tensors().size(), tensors); // the encoder stands there once
    EXPECT_EQ(bundle->graph("encoder").outputs.size(), 3u);
}

TEST_F(ImportStylizer, LevelsMayHaveEncodersOfTheirOwn) {
    auto other = random_encoder();
    states_[0] = checkpoint(AlexNetTap::conv1, other);
    write();
    const auto bundle = import();
    const std::string first = "features.0.weight";
    EXPECT_EQ(stored(*bundle, "encoder-conv1." + first), values(tensor(other, "encoder." + first)));
    EXPECT_EQ(stored(*bundle, "encoder-conv5." + first), values(tensor(encoder_, "encoder." + first)));
    EXPECT_EQ(bundle->graph("encoder-conv1").nodes[1].weights.at("weight"), "encoder-conv1." + first);
    EXPECT_EQ(bundle->graph("autoencoder-conv1").nodes[1].weights.at("weight"), "encoder-conv1." + first);
}

TEST_F(ImportStylizer, SaysWhichLevelIsMissingOrGivenTwice) {
    write();
    files_[2] = files_[1];
    EXPECT_THAT([&] { import_checkpoint(options()); },
                throws_error(ErrorCode::mismatch, "two files hold a generator of conv2"));
    files_.pop_back();
    EXPECT_THAT([&] { import_checkpoint(options()); },
                throws_error(ErrorCode::mismatch, "no file holds the generator of conv5"));
}

TEST_F(ImportStylizer, RefusesGeneratorsOfOtherNetworks) {
    tensor(states_[1], "module.generator.gen.0.weight") = test::random_tensor({96, 96, 3, 3});
    write();
    EXPECT_THAT(
        [&] { import_checkpoint(options()); },
        throws_error(ErrorCode::mismatch, "its generator is none of AlexNet's conv1, conv2 or conv5"));
}

TEST_F(ImportStylizer, ListsAllThatIsWrongByLevel) {
    test::remove_tensor(states_[0], "module.generator.gen.1.running_mean");
    tensor(states_[1], "module.generator.gen.31.bias") = test::random_tensor({4});
    states_[2].emplace_back("module.generator.gen.99.weight", test::random_tensor({1}));
    write();
    try {
        import_checkpoint(options());
        ADD_FAILURE();
    } catch (const Error &error) {
        const std::string message = error.what();
        for (const char *part : {"missing: generator-conv1.gen.1.running_mean [64]",
                                 "generator-conv2.gen.31.bias has shape [4], wanted [3]",
                                 "unexpected: generator-conv5.gen.99.weight"})
            EXPECT_NE(message.find(part), std::string::npos) << part << "\nin: " << message;
    }
}

} // namespace
} // namespace mirra::trainer
