// The published architectures against PyTorch: golden.json holds samples of what
// tests/integration/make_golden.py computed with networks that were written independently of the SDK.
#include "golden_ops.hpp"
#include "mirra/architectures.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <set>

namespace {

using namespace mirra;
using namespace mirra::runtime;
using test::values;

std::int64_t product(std::span<const std::int64_t> extents) {
    std::int64_t count = 1;
    for (const auto extent : extents) count *= extent;
    return count;
}

std::vector<float> weight(const std::string &name, const graph::Shape &shape) {
    const auto count = product(shape);
    if (name.ends_with("running_var") || (shape.size() == 1 && name.ends_with("weight")))
        return values(name, count, 0.5, 1.5);
    if (shape.size() == 1) return values(name, count, -0.1, 0.1);
    const double bound = std::sqrt(6.0 / static_cast<double>(product(std::span(shape).subspan(1))));
    return values(name, count, -bound, bound);
}

graph::Graph graph_of(const std::string &arch) {
    if (arch == "alexnet-denoiser") return graph::alexnet_denoiser();
    return graph::alexnet_autoencoder(arch == "alexnet-ae-conv5"   ? graph::AlexNetTap::conv5
                                      : arch == "alexnet-ae-conv2" ? graph::AlexNetTap::conv2
                                                                   : graph::AlexNetTap::conv1);
}

std::vector<float> run(const graph::Graph &graph, std::int64_t height, std::int64_t width) {
    std::map<std::string, std::vector<float>> weights;
    const auto shapes = graph::weight_shapes(graph);
    for (const auto &[name, shape] : shapes) weights[name] = weight(name, shape);
    auto &module = module_under_test();
    const auto executable = module.compile(
        graph, [&](const std::string &name) { return Weight{shapes.at(name), weights.at(name)}; }, {});
    const auto size = std::to_string(height) + "x" + std::to_string(width);
    const auto image = values("image " + size, 3 * height * width, 0, 1);
    const std::vector inputs{module.upload(image, {1, 3, height, width}, Layout::nchw, "cpu")};
    const auto output = executable->run(inputs).front();
    std::vector<float> flat(static_cast<std::size_t>(product(output->shape())));
    module.download(*output, flat, Layout::nchw);
    return flat;
}

TEST(Golden, EveryPublishedArchitectureEqualsPyTorch) {
    std::ifstream file(MIRRA_GOLDEN);
    const auto cases = nlohmann::json::parse(file);
    ASSERT_GE(cases.size(), 8u);
    constexpr double kTolerance = 1e-4;
    for (const auto &each : cases) {
        const auto arch = each["arch"].get<std::string>();
        const auto flat = run(graph_of(arch), each["height"], each["width"]);
        const auto step = each["step"].get<std::size_t>();
        double worst = 0;
        for (std::size_t i = 0; i < each["samples"].size(); ++i)
            worst = std::max(worst, std::abs(flat.at(i * step) - each["samples"][i].get<double>()));
        EXPECT_LT(worst, kTolerance) << arch << " " << each["height"] << "x" << each["width"];
    }
}

/// The farthest that a result is from PyTorch's, against its largest value.
double farthest(const test::GoldenOps &golden, Precision precision) {
    const auto result = golden.network().compiled(golden.inputs, precision).front().flatten();
    double worst = 0, largest = 1;
    for (std::size_t i = 0; i < golden.samples.size(); ++i) {
        const double value = result[static_cast<std::int64_t>(i * golden.step)].item<double>();
        worst = std::max(worst, std::abs(value - golden.samples[i]));
        largest = std::max(largest, std::abs(golden.samples[i]));
    }
    return worst / largest;
}

TEST(Golden, EveryOperationEqualsPyTorchInEveryPrecision) {
    std::set<graph::Op> seen;
    for (const auto &golden : test::golden_ops()) {
        SCOPED_TRACE(golden.graph.name);
        for (const auto &node : golden.graph.nodes) seen.insert(node.op);
        EXPECT_LT(farthest(golden, Precision::fp32), 3e-6);
        for (const auto &[precision, tolerance] :
             {std::pair{Precision::bf16, 0.03}, {Precision::fp16, 0.004}}) {
            if (!test::has_precision(precision)) continue;
            EXPECT_LT(farthest(golden, precision), tolerance);
        }
    }
    for (const auto &op : graph::ops()) EXPECT_TRUE(seen.contains(op.op)) << op.name;
}

} // namespace
