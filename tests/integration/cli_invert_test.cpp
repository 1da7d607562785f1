// mirra invert on files, with a small bundle of random weights.
#include "cli_support.hpp"
#include "inverter_bundle.hpp"

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

using namespace std::chrono_literals;

class CliInvert : public testing::Test {
  protected:
    void SetUp() override {
        write_inverter(bundle_);
        write_waves(image_, 61, 47);
        write_waves(other_, 90, 30);
    }

    [[nodiscard]] Outcome invert(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"invert", image_});
        arguments.insert(arguments.end(), {"--bundle", bundle_, "--json"});
        return run_cli(arguments);
    }

    [[nodiscard]] static bool same(const std::string &a, const std::string &b) {
        return run_cli({"compare", a, b, "--json"}).json()["equal"].get<bool>();
    }

    TemporaryFolder folder_;
    std::string bundle_ = folder_ / "small.mirra";
    std::string image_ = folder_ / "image.png", other_ = folder_ / "other.png";
    std::string out_ = folder_ / "out.png", again_ = folder_ / "again.png";
    std::string features_ = folder_ / "features.safetensors";
};

TEST_F(CliInvert, TilesGiveTheSamePicture) {
    ASSERT_EQ(invert({"-o", out_}).exit_code, 0);
    const Outcome tiled = invert({"-o", again_, "--tile-size", "24"});
    ASSERT_EQ(tiled.exit_code, 0) << tiled.err;
    EXPECT_GT(tiled.json()["results"][0]["tiles"], 4);
    EXPECT_GT(run_cli({"compare", out_, again_, "--json"}).json()["psnr"], 60);
    EXPECT_EQ(size_of(out_), size_of(image_));
}

TEST_F(CliInvert, TheSmallestPicture) {
    write_waves(image_, 1, 1);
    for (const char *method : {"generator", "optimize"}) {
        const Outcome run = invert({"-o", out_, "--method", method, "--iterations", "2"});
        EXPECT_EQ(run.exit_code, 0) << run.err;
    }
}

TEST_F(CliInvert, FeaturesGoOutAndComeIn) {
    ASSERT_EQ(invert({"-o", out_, "--features-out", features_}).exit_code, 0);
    const auto shapes = run_cli({"info", features_, "--json"}).json();
    EXPECT_NE(shapes.dump().find("features_out"), std::string::npos) << shapes;
    const Outcome again = invert({"-o", again_, "--features-in", features_, "--tile-size", "24"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_GT(run_cli({"compare", out_, again_, "--json"}).json()["psnr"], 60);
    const Outcome wrong = invert({"-o", again_, "--features-in", features_, "--layer", "low"});
    EXPECT_EQ(wrong.exit_code, 3);
    EXPECT_EQ(wrong.json()["error"]["subject"], "features_in");
}

TEST_F(CliInvert, MixesTwoPictures) {
    ASSERT_EQ(invert({"-o", out_}).exit_code, 0);
    ASSERT_EQ(invert({"-o", again_, "--mix", other_, "--t", "0"}).exit_code, 0);
    EXPECT_TRUE(same(out_, again_));
    ASSERT_EQ(invert({"-o", again_, "--mix", other_, "--t", "0.5"}).exit_code, 0);
    EXPECT_FALSE(same(out_, again_));
    ASSERT_EQ(invert({"-o", out_, "--mix", image_, "--t", "1"}).exit_code, 0);
    ASSERT_EQ(invert({"-o", again_}).exit_code, 0);
    EXPECT_TRUE(same(out_, again_)) << "with itself";
}

TEST_F(CliInvert, OptimizesAndShowsItself) {
    const std::string preview = folder_ / "preview.png", tensors = folder_ / "all.safetensors";
    const Outcome run = invert({"-o", out_, "--method", "optimize", "--iterations", "25", "--preview",
                                preview, "--tensors", tensors});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const auto values = run.json()["results"][0]["values"];
    EXPECT_EQ(values["iterations"], 25);
    EXPECT_LT(values["feature_distance"].get<double>(), 0.7);
    EXPECT_EQ(size_of(preview), size_of(image_));
    const std::string names = run_cli({"info", tensors, "--json"}).json().dump();
    EXPECT_NE(names.find("loss"), std::string::npos);
    EXPECT_NE(names.find("features_out"), std::string::npos);
}

TEST_F(CliInvert, CtrlCStopsADescent) {
    write_waves(image_, 640, 480);
    const Outcome run = run_cli({"invert", image_, "-o", out_, "--bundle", bundle_, "--method", "optimize",
                                 "--iterations", "100000", "--patience", "100000"},
                                Signal{SIGINT, 2500ms});
    EXPECT_EQ(run.exit_code, 130) << run.err;
    EXPECT_FALSE(std::filesystem::exists(out_));
}

TEST_F(CliInvert, WhatIsNotAcceptedIsAUsageError) {
    const Outcome layer = invert({"-o", out_, "--layer", "conv9"});
    EXPECT_EQ(layer.exit_code, 2);
    EXPECT_EQ(layer.json()["error"]["hint"], "Its layers are: deep, low.");
    EXPECT_EQ(invert({"-o", out_, "--channels", "9:0"}).exit_code, 2);
    const Outcome size = invert({"-o", out_, "--output-size", "5x5"});
    EXPECT_EQ(size.exit_code, 2);
    EXPECT_EQ(size.json()["error"]["option"], "--output-size") << size.err;
    EXPECT_EQ(invert({"-o", out_, "--output-size", "61x47"}).exit_code, 0) << "what it is";
    EXPECT_EQ(invert({"-o", out_, "--t", "2"}).exit_code, 2);
    EXPECT_EQ(invert({"-o", out_, "--method", "magic"}).exit_code, 2);
    EXPECT_EQ(invert({"-o", out_, "--method", "optimize", "--memory-limit", "1"}).exit_code, 6);
    EXPECT_EQ(run_cli({"invert", image_, "-o", out_, "--bundle", "denoiser.mirra"}).exit_code, 5);
}

/// A graph that tiles go through, whose parts never fit together.
TEST_F(CliInvert, AGraphThatCannotBeRunIsTheBundlesFault) {
    auto graphs = inverter_graphs();
    for (auto &[name, graph] : graphs) {
        auto &strided = graph.nodes.emplace_back(graph.nodes.back());
        strided.name = "strided";
        strided.op = graph::Op::avg_pool;
        strided.inputs = {graph.inputs.front().name};
        strided.attributes = {
            {"kernel", std::int64_t{3}}, {"stride", std::int64_t{1}}, {"padding", std::int64_t{0}}};
        strided.weights = {};
        graph.nodes.push_back({"misfit", graph::Op::add, {graph.inputs.front().name, "strided"}, {}, {}});
        graph.outputs.push_back({"never", "misfit"});
    }
    bundle::Manifest manifest;
    manifest.task = "invert";
    manifest.name = "misfit";
    manifest.graphs = graphs;
    manifest.defaults = R"({"layer": "deep"})";
    bundle::write_bundle(bundle_, manifest, random_weights(graphs), bundle::DType::f32);
    const Outcome run = invert({"-o", out_});
    EXPECT_EQ(run.exit_code, 5) << run.err;
    EXPECT_EQ(run.json()["error"]["option"], "--bundle") << run.err;
    for (const char *part : {"the graph '", "at 'misfit'"})
        EXPECT_NE(run.err.find(part), std::string::npos) << run.err;
    for (const auto &arguments : std::vector<std::vector<std::string>>{
             {"info", bundle_}, {"graph", bundle_, "--run", "encoder", "--in", image_, "--out", out_}}) {
        const Outcome told = run_cli(arguments);
        EXPECT_NE(told.exit_code, 0);
        EXPECT_NE(told.err.find("(" + bundle_ + ")"), std::string::npos) << told.err;
        EXPECT_NE(told.err.find("misfit"), std::string::npos) << told.err;
    }
}

} // namespace
} // namespace mirra::test
