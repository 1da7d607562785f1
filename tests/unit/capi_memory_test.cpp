// The memory limit with the real runtime: what the process really grows by.
#include "capi_test_support.hpp"

#include <fstream>
#include <random>

namespace mirra::test {
namespace {

/// Bytes of a line of /proc/self/status, such as "VmHWM:".
std::uint64_t status_bytes(const std::string &key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::uint64_t kilobytes = 0;
        if (word == key && status >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

/// Makes VmHWM, the most that was resident, start anew.
void reset_peak() {
    std::ofstream("/proc/self/clear_refs") << 5;
}

Bundle random_denoiser() {
    const graph::Graph graph =
        graph::wavelet_denoiser({.channels = {32, 64}, .blocks = {1, 1}, .noise_level_input = true});
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0, 0.02F);
    bundle::Weights weights;
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        std::size_t count = 1;
        for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
        weights[name] = {shape, std::vector<float>(count)};
        for (float &value : weights[name].values) value = normal(random);
    }
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "random";
    manifest.graphs["denoiser"] = graph;
    const std::string path = temporary("random.mirra");
    bundle::write_bundle(path, manifest, weights, bundle::DType::bf16);
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    return bundle;
}

using Parameters = std::map<std::string, std::string>;

/// With parameters of the task, by which it holds more or less beside its network.
class CapiMemory : public ::testing::TestWithParam<Parameters> {
  protected:
    CapiMemory() {
        MIRRA_STRUCT(mirra_engine_options, options);
        options.flags = MIRRA_PLUGIN_PATH_ONLY;
        options.plugin_path = MIRRA_TEST_PLUGINS;
        options.runtime_module = MIRRA_TEST_REAL_RUNTIME;
        EXPECT_OK(mirra_engine_create(&options, engine_.out(), error));
    }

    Session session(std::uint64_t limit) {
        MIRRA_STRUCT(mirra_session_options, options);
        options.task = "denoise";
        options.bundle = bundle_.get();
        options.memory_limit = limit;
        Session session;
        EXPECT_OK(mirra_session_create(engine_.get(), &options, session.out(), error));
        for (const auto &[name, text] : GetParam())
            EXPECT_OK(mirra_session_set_text(session.get(), name.c_str(), text.c_str(), error));
        return session;
    }

    Engine engine_;
    Bundle bundle_ = random_denoiser();
};

TEST_P(CapiMemory, TheProcessGrowsByLessThanTheLimit) {
    constexpr std::int32_t kSize = 768;
    Pixels<std::uint8_t> in(kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    for (std::size_t i = 0; i < in.samples.size(); ++i) in.samples[i] = static_cast<std::uint8_t>(i * 7919);
    Pixels<std::uint8_t> out(kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    reset_peak();
    const std::uint64_t before = status_bytes("VmRSS:");
    MIRRA_STRUCT(mirra_plan, plan);
    EXPECT_OK(mirra_session_plan(session(1).get(), kSize, kSize, &plan, error));
    ASSERT_EQ(0, plan.fits);
    const std::uint64_t limit = plan.required_bytes;
    EXPECT_OK(mirra_session_plan(session(limit - 1).get(), kSize, kSize, &plan, error));
    EXPECT_EQ(0, plan.fits);
    const Session limited = session(limit);
    EXPECT_OK(mirra_session_plan(limited.get(), kSize, kSize, &plan, error));
    ASSERT_EQ(1, plan.fits);
    EXPECT_GT(plan.tile_count, 1U);
    EXPECT_LE(plan.peak_bytes, limit);
    Result result;
    EXPECT_OK(run(limited, in.image, out.image, error, nullptr, result.out()));
    const std::uint64_t growth = status_bytes("VmHWM:") - before;
    EXPECT_LT(growth, limit) << "base " << plan.base_bytes << ", planned peak " << plan.peak_bytes;
    RecordProperty("limit_mb", static_cast<int>(limit >> 20));
    RecordProperty("growth_mb", static_cast<int>(growth >> 20));
    RecordProperty("planned_mb", static_cast<int>(plan.peak_bytes >> 20));
    RecordProperty("base_mb", static_cast<int>(plan.base_bytes >> 20));

    Pixels<std::uint8_t> whole(kSize, kSize, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session(0), in.image, whole.image, error));
    std::size_t different = 0;
    for (std::size_t i = 0; i < out.samples.size(); ++i) {
        ASSERT_LE(std::abs(out.samples[i] - whole.samples[i]), 1) << i;
        different += out.samples[i] != whole.samples[i] ? 1U : 0U;
    }
    EXPECT_LT(different, out.samples.size() / 1000) << "only rounding may differ between tiles and the whole";
}

INSTANTIATE_TEST_SUITE_P(Denoiser, CapiMemory,
                         ::testing::Values(Parameters{{"sigma", "25"}}, Parameters{{"sigma", "auto"}},
                                           Parameters{{"sigma", "auto"}, {"detail", "0.5"}},
                                           Parameters{{"sigma", "25"}, {"strength", "0.5"}}));

} // namespace
} // namespace mirra::test
