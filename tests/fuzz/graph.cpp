// Graphs as JSON: what is taken has shapes, fields, memory and a tile plan.
#include "fuzz.hpp"

#include "mirra/graph.hpp"
#include "mirra/tiling.hpp"

using namespace mirra;

namespace {

void plan(const graph::Graph &graph, std::int64_t width, std::int64_t height, std::uint64_t budget) {
    fuzz::taken([&] {
        const auto tiles = runtime::plan_tiles(graph, width, height, {.budget = budget});
        std::int64_t pixels = 0;
        for (const auto &tile : tiles.tiles) pixels += tile.core.width * tile.core.height;
        fuzz::expect(pixels == width * height, "the tiles are not the image");
        fuzz::expect(budget == 0 || tiles.peak_bytes <= budget, "a plan over its budget");
    });
    fuzz::taken([&] { (void)runtime::smallest_budget(graph, width, height, {}); });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    constexpr std::int64_t kWidth = 96, kHeight = 64;
    const std::string_view text(reinterpret_cast<const char *>(data), size);
    graph::Graph graph;
    if (!fuzz::taken([&] { graph = graph::parse_json(text); })) return 0;
    fuzz::expect(graph::parse_json(graph::to_json(graph)) == graph, "another graph than was written");
    fuzz::taken([&] { (void)graph::weight_shapes(graph); });
    fuzz::taken([&] { (void)graph::parameter_count(graph); });
    fuzz::taken([&] { (void)graph::alignment(graph); });
    fuzz::taken([&] { (void)graph::minimum_extent(graph); });
    fuzz::taken([&] { (void)graph::receptive_field(graph); });
    fuzz::taken([&] { (void)graph::multiply_accumulates(graph, kHeight, kWidth); });
    std::map<std::string, graph::Shape> inputs;
    for (const auto &input : graph.inputs) inputs[input.name] = {1, input.channels, kHeight, kWidth};
    fuzz::taken([&] { (void)graph::infer_shapes(graph, inputs); });
    fuzz::taken([&] { (void)runtime::estimate_memory(graph, inputs, runtime::Precision::fp32); });
    fuzz::taken([&] { (void)runtime::estimate_memory(graph, inputs, runtime::Precision::fp32, true); });
    for (const auto &output : graph.outputs)
        fuzz::taken([&] { (void)graph::part_of(graph, output.name, "part"); });
    plan(graph, kWidth, kHeight, 0);
    plan(graph, 8 * kWidth, 8 * kHeight, 32U << 20);
    return 0;
}
