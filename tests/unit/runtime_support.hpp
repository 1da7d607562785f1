// Networks with random weights, run by the plain executor and by the runtime.
#pragma once

#include "mirra/cpu_device.hpp"
#include "runtime/torch/libtorch.hpp"
#ifdef MIRRA_TEST_ONEDNN
#include "runtime/onednn/module.hpp"
#else
#include "runtime/torch/module.hpp"
#endif
#include "runtime/torch/ops.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace mirra::runtime {

/// The programs of these tests are built for each runtime.
inline Module &module_under_test() {
#ifdef MIRRA_TEST_ONEDNN
    return onednn_module();
#else
    return torch_module();
#endif
}

} // namespace mirra::runtime

namespace mirra::test {

/// Whether the runtime offers the processor in it: what runs in it elsewhere is slow, and in no plan.
inline bool has_precision(runtime::Precision precision) {
    const auto offered = runtime::module_under_test().devices().front().precisions;
    return std::ranges::find(offered, precision) != offered.end();
}
inline bool has_bf16() {
    return has_precision(runtime::Precision::bf16);
}

class RandomNetwork {
  public:
    RandomNetwork(graph::Graph graph, std::uint64_t seed) : graph_(std::move(graph)) {
        torch::manual_seed(seed);
        for (const auto &[name, shape] : graph::weight_shapes(graph_)) weights_[name] = random(name, shape);
    }
    RandomNetwork(graph::Graph graph, std::map<std::string, torch::Tensor> weights)
        : graph_(std::move(graph))
        , weights_(std::move(weights)) {}

    [[nodiscard]] std::vector<torch::Tensor> inputs(std::int64_t batch, std::int64_t height,
                                                    std::int64_t width) const {
        std::vector<torch::Tensor> out;
        for (const auto &input : graph_.inputs)
            out.push_back(torch::rand({batch, input.channels, height, width}));
        return out;
    }

    [[nodiscard]] std::vector<torch::Tensor> plain(const std::vector<torch::Tensor> &inputs) const {
        const torch::NoGradGuard no_grad;
        std::map<std::string, torch::Tensor> values;
        for (std::size_t i = 0; i < inputs.size(); ++i) values[graph_.inputs[i].name] = inputs[i];
        for (const auto &node : graph_.nodes) {
            std::vector<at::Tensor> arguments;
            for (const auto &name : node.inputs) arguments.push_back(values.at(name));
            values[node.name] = runtime::apply_op(node, arguments, [&](const char *role) {
                const auto found = node.weights.find(role);
                return found == node.weights.end()
                           ? torch::Tensor()
                           : weights_.at(found->second).to(inputs.front().scalar_type());
            });
        }
        std::vector<torch::Tensor> out;
        for (const auto &output : graph_.outputs) out.push_back(values.at(output.source));
        return out;
    }

    [[nodiscard]] std::shared_ptr<runtime::Executable> compile(runtime::Precision precision) const {
        return runtime::module_under_test().compile(graph_, source(),
                                                    {.device = "cpu", .precision = precision});
    }

    [[nodiscard]] std::shared_ptr<runtime::Differentiable> compile_gradient() const {
        return runtime::module_under_test().compile_gradient(graph_, source(), "cpu");
    }

    [[nodiscard]] std::vector<torch::Tensor> compiled(const std::vector<torch::Tensor> &inputs,
                                                      runtime::Precision precision) const {
        return run(*compile(precision), inputs);
    }

    [[nodiscard]] static std::vector<torch::Tensor> run(runtime::Executable &executable,
                                                        const std::vector<torch::Tensor> &inputs) {
        auto &module = runtime::module_under_test();
        std::vector<runtime::TensorPtr> uploaded;
        for (const auto &input : inputs)
            uploaded.push_back(
                module.upload({input.const_data_ptr<float>(), static_cast<std::size_t>(input.numel())},
                              input.sizes().vec(), runtime::Layout::nchw, "cpu"));
        std::vector<torch::Tensor> out;
        for (const auto &tensor : executable.run(uploaded)) {
            auto values = torch::empty(tensor->shape());
            module.download(*tensor,
                            {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())},
                            runtime::Layout::nchw);
            out.push_back(values);
        }
        return out;
    }

    [[nodiscard]] const graph::Graph &graph() const { return graph_; }

  private:
    [[nodiscard]] runtime::WeightSource source() const {
        return [this](const std::string &name) {
            const auto &tensor = weights_.at(name);
            return runtime::Weight{
                tensor.sizes().vec(),
                {tensor.const_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())}};
        };
    }

    static torch::Tensor random(const std::string &name, const graph::Shape &shape) {
        if (name.ends_with("running_var")) return torch::rand(shape) + 0.5;
        if (shape.size() == 1) return torch::randn(shape) * 0.1 + (name.ends_with(".weight") ? 1.0 : 0.0);
        double fan_in = 1;
        for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= static_cast<double>(shape[i]);
        return torch::randn(shape) / std::sqrt(fan_in);
    }

    graph::Graph graph_;
    std::map<std::string, torch::Tensor> weights_;
};

} // namespace mirra::test
