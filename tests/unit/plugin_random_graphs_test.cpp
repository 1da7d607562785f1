// The shipped plugins over random networks, as plugin_trials.hpp tries them.
//
// MIRRA_TEST_SEEDS: how many networks a plugin gets; MIRRA_TEST_FIRST_SEED: the first, to repeat one.
#include "plugin_trials.hpp"

namespace {

using namespace mirra;
using namespace mirra::test;

std::int64_t from_environment(const char *name, std::int64_t standard) {
    const char *text = std::getenv(name);
    return text == nullptr ? standard : std::atoll(text);
}

class RandomGraphs : public OverRuntimes {
  protected:
    /// Calls play(trial), which says whether a run gave a result, for each seed.
    template<class Play> void for_seeds(const Play &play) {
        const auto count = from_environment("MIRRA_TEST_SEEDS", 20),
                   first = from_environment("MIRRA_TEST_FIRST_SEED", 1);
        const auto engine = inverter_engine(GetParam());
        std::int64_t results = 0;
        for (auto seed = first; seed < first + count && !HasFailure(); ++seed) {
            SCOPED_TRACE("seed " + std::to_string(seed));
            Trial trial(engine, Dice(static_cast<std::uint64_t>(seed)), temporary("random.mirra"));
            results += play(trial) ? 1 : 0;
        }
        RecordProperty("results", static_cast<int>(results));
        if (count < 20) return;
        EXPECT_GT(results, count / 5) << "the networks say nothing of the plugin";
    }
};

TEST_P(RandomGraphs, Denoise) {
    for_seeds(denoise);
}
TEST_P(RandomGraphs, Invert) {
    for_seeds(invert);
}
TEST_P(RandomGraphs, DetectByReconstruction) {
    for_seeds([](Trial &trial) { return detect(trial, "reconstruction"); });
}
TEST_P(RandomGraphs, DetectByLatentSearch) {
    for_seeds([](Trial &trial) { return detect(trial, "latent-search"); });
}
TEST_P(RandomGraphs, DetectByFeatureMemory) {
    for_seeds([](Trial &trial) { return detect(trial, "feature-memory"); });
}
TEST_P(RandomGraphs, Stylize) {
    for_seeds(stylize);
}

#ifdef MIRRA_TEST_REAL_RUNTIME
/// What a runtime makes of a graph of one input: its outputs, one behind the other.
std::vector<float> outputs_of(const Engine &engine, const Bundle &bundle, const graph::Graph &graph,
                              const DLTensor *input) {
    Tensors inputs, outputs;
    EXPECT_OK(mirra_tensors_create(inputs.out(), error));
    EXPECT_OK(mirra_tensors_add(inputs.get(), graph.inputs.front().name.c_str(), input, error));
    if (mirra_graph_run(engine.get(), bundle.get(), graph.name.c_str(), nullptr, inputs.get(), outputs.out(),
                        nullptr) != MIRRA_OK)
        return {};
    std::vector<float> all;
    for (const graph::Output &output : graph.outputs) {
        DLManagedTensorVersioned *tensor = nullptr;
        EXPECT_OK(mirra_tensors_get_versioned(outputs.get(), output.name.c_str(), &tensor, error));
        const auto values = values_of(TensorView(tensor));
        all.insert(all.end(), values.begin(), values.end());
    }
    return all;
}

// Else what holds over the one would say nothing of the other.
TEST(RandomGraphsOverBoth, TheFakeRuntimeComputesWhatTheRealOneDoes) {
    const Engine fake = make_engine(), real = make_engine(MIRRA_TEST_PLUGINS, MIRRA_TEST_REAL_RUNTIME);
    int compared = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const auto graphs = random_autoencoders(dice, {"low", "deep"}, false);
        auto weights = random_weights_of(dice, graphs);
        for (auto &[name, tensor] : weights)
            for (float &value : tensor.values)
                if (!(std::abs(value) < 10)) value = 1;
        const std::string path = temporary("both.mirra");
        write_small(path, "random", "invert", "{}", graphs, weights);
        const Bundle bundle = open_bundle(path);
        for (const auto &[name, graph] : graphs) {
            const std::vector<std::int64_t> shape{dice.between(1, 2), graph.inputs.front().channels,
                                                  dice.between(1, 40), dice.between(1, 40)};
            const auto given = random_tensor(dice, shape, false);
            const auto one = outputs_of(fake, bundle, graph, given->get()),
                       other = outputs_of(real, bundle, graph, given->get());
            ASSERT_EQ(one.size(), other.size()) << name;
            double largest = 1;
            for (const float value : one) largest = std::max(largest, std::abs(static_cast<double>(value)));
            EXPECT_LT(largest_difference(one, other), 1e-4 * largest) << name;
            compared += one.empty() ? 0 : 1;
        }
    }
    EXPECT_GT(compared, 100);
}
#endif

INSTANTIATE_TEST_SUITE_P(Runtimes, RandomGraphs, ::testing::ValuesIn(all_runtimes()), runtime_name);

} // namespace
