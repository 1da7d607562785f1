// Graphs of one or a few operations, with what PyTorch makes of them: tests/integration/make_golden_ops.py.
#pragma once

#include "golden.hpp"
#include "mirra/graph.hpp"
#include "runtime_support.hpp"

#include <nlohmann/json.hpp>

#include <fstream>

namespace mirra::test {

struct GoldenOps {
    graph::Graph graph;
    std::vector<torch::Tensor> inputs;
    std::map<std::string, torch::Tensor> weights;
    std::size_t step = 1;
    std::vector<double> samples; ///< every step-th value of the result

    [[nodiscard]] RandomNetwork network() const { return {graph, weights}; }
};

inline torch::Tensor golden_tensor(const std::string &name, const graph::Shape &shape, double low,
                                   double high) {
    const auto flat = values(name, torch::empty(shape).numel(), low, high);
    return torch::tensor(flat).view(shape);
}

inline torch::Tensor golden_weight(const std::string &name, const graph::Shape &shape) {
    if (name.ends_with("running_var")) return golden_tensor(name, shape, 0.5, 1.5);
    double fan_in = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
    const double bound = shape.size() == 1 ? 1 : std::sqrt(6 / fan_in);
    return golden_tensor(name, shape, -bound, bound);
}

inline std::vector<GoldenOps> golden_ops() {
    std::ifstream file(MIRRA_GOLDEN_OPS);
    std::vector<GoldenOps> out;
    for (const auto &each : nlohmann::json::parse(file)) {
        GoldenOps &one = out.emplace_back();
        one.graph = graph::parse_json(each["graph"].dump());
        for (const auto &input : one.graph.inputs)
            one.inputs.push_back(golden_tensor(one.graph.name + " " + input.name,
                                               each["shapes"][input.name].get<graph::Shape>(), -3, 3));
        for (const auto &[name, shape] : graph::weight_shapes(one.graph)) {
            std::string full = one.graph.name;
            one.weights[name] = golden_weight(full.append(" ").append(name), shape);
        }
        one.step = each["step"];
        one.samples = each["samples"].get<std::vector<double>>();
    }
    return out;
}

} // namespace mirra::test
