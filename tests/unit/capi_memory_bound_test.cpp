// measured peak <= plan <= limit, of random networks with the real runtime, each in a process of its own.
#include "capi_test_support.hpp"
#include "random_graphs.hpp"

#include <array>
#include <cstdio>
#include <sstream>

namespace mirra::test {
namespace {

struct Size {
    std::int32_t width = 460, height = 340;
};

using Numbers = std::map<std::string, std::uint64_t>;

/// What memory_child says.
Numbers measure(const std::string &bundle, std::uint64_t limit, const Size &size = {}) {
    std::ostringstream command;
    command << MIRRA_TEST_MEMORY_CHILD << " '" << MIRRA_TEST_REAL_RUNTIME << "' '" << MIRRA_TEST_PLUGINS
            << "' '" << bundle << "' " << size.width << ' ' << size.height << ' ' << limit;
    Numbers numbers;
    FILE *pipe = popen(command.str().c_str(), "r");
    if (pipe == nullptr) return numbers;
    std::array<char, 64> name{};
    unsigned long long value = 0;
    while (std::fscanf(pipe, "%63s %llu", name.data(), &value) == 2) numbers[name.data()] = value;
    EXPECT_EQ(0, pclose(pipe)) << command.str();
    return numbers;
}

std::string write_random(graph::Graph network, std::uint64_t seed) {
    network.name = "denoiser";
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0, 0.05F);
    bundle::Weights weights;
    for (const auto &[name, shape] : graph::weight_shapes(network)) {
        std::size_t count = 1;
        for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
        weights[name] = {shape, std::vector<float>(count)};
        for (float &value : weights[name].values) value = name.ends_with("running_var") ? 1 : normal(random);
    }
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "random";
    manifest.graphs["denoiser"] = std::move(network);
    const std::string path = temporary("random" + std::to_string(seed) + ".mirra");
    bundle::write_bundle(path, manifest, weights, bundle::DType::bf16);
    return path;
}

void expect_within(const std::string &bundle, std::uint64_t limit, const std::string &what) {
    Numbers n = measure(bundle, limit);
    ASSERT_EQ(1U, n["fits"]) << what;
    EXPECT_EQ(1U, n["ran"]) << what;
    EXPECT_LE(n["created"], n["peak"]) << what;
    EXPECT_LE(n["growth"], n["peak"]) << what << ", base " << n["base"] << ", tiles " << n["tiles"];
    EXPECT_LE(n["peak"], limit == 0 ? UINT64_MAX : limit) << what;
    if (std::getenv("MIRRA_TEST_TELL") != nullptr)
        std::printf("%s: created %.0f, ran %.0f of planned %.0f MB, %d tiles\n", what.c_str(),
                    static_cast<double>(n["created"]) / 1e6, static_cast<double>(n["growth"]) / 1e6,
                    static_cast<double>(n["peak"]) / 1e6, static_cast<int>(n["tiles"]));
}

/// A limit that is one byte too small: refused, and nothing taken that the weights would have taken.
std::uint64_t expect_refused(const std::string &bundle, std::uint64_t limit, const std::string &what) {
    constexpr std::uint64_t kSlack = std::uint64_t{48} << 20;
    Numbers n = measure(bundle, limit);
    EXPECT_EQ(0U, n["fits"]) << what;
    EXPECT_EQ(1U, n["budget"]) << what;
    EXPECT_LE(n["growth"], std::max(limit, n["base"] + kSlack)) << what;
    return n["required"];
}

TEST(MemoryBound, APlanHoldsForRandomNetworks) {
    const char *text = std::getenv("MIRRA_TEST_SEEDS");
    const std::uint64_t seeds = text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Freedom freedom{
            .nodes = 6 + seed % 4 * 10, .height = 96, .width = 96, .most_channels = 64, .keeps_size = true};
        Dice dice(seed);
        const std::string bundle = write_random(random_graph(dice, freedom), seed);
        const std::string what = "seed " + std::to_string(seed);
        const std::uint64_t required = expect_refused(bundle, 1, what + ", one byte");
        // The runtime's library takes some pages more or less from one process to the next.
        constexpr std::uint64_t kPages = std::uint64_t{1} << 20;
        expect_refused(bundle, required - kPages, what + ", too little");
        expect_within(bundle, required + kPages, what + ", just enough");
        expect_within(bundle, required + required / 4, what + ", more");
        expect_within(bundle, 0, what + ", no limit");
    }
}

/// The weight of 4.7 MB in fp32 counts once, however many convolutions it has.
TEST(MemoryBound, OneWeightOfManyConvolutions) {
    graph::Graph network{.name = "denoiser", .inputs = {{"image", 3}}, .nodes = {}, .outputs = {}};
    constexpr std::int64_t kWide = 512;
    const auto add = [&](std::int64_t in, std::int64_t out, std::int64_t kernel, const std::string &weight) {
        graph::Node node;
        node.name = "n" + std::to_string(network.nodes.size());
        node.op = graph::Op::conv2d;
        node.inputs = {network.nodes.empty() ? "image" : network.nodes.back().name};
        node.attributes = {
            {"in_channels", in}, {"out_channels", out}, {"kernel", kernel}, {"padding", kernel / 2}};
        node.weights["weight"] = weight;
        network.nodes.push_back(std::move(node));
    };
    add(3, kWide, 1, "a");
    for (int i = 0; i < 300; ++i) add(kWide, kWide, 3, "w");
    add(kWide, 3, 1, "z");
    network.outputs = {{"image", network.nodes.back().name}};
    Numbers n = measure(write_random(network, 1), std::uint64_t{500} << 20, {8, 8});
    EXPECT_LE(n["created"], std::uint64_t{500} << 20);
    EXPECT_LE(n["growth"], std::uint64_t{500} << 20);
    EXPECT_EQ(n["fits"], n["ran"]);
}

} // namespace
} // namespace mirra::test
