// The plain loops that other tests compute by, against LibTorch's kernels: forward, and for gradients.
#include "fake_ops.hpp"
#include "golden_ops.hpp"

#include <gtest/gtest.h>

namespace {

using namespace mirra;

torch::Tensor tensor_of(const std::vector<float> &values, at::IntArrayRef sizes) {
    return torch::tensor(values).view(sizes);
}

std::vector<float> values_of(const torch::Tensor &tensor) {
    const auto flat = tensor.contiguous();
    return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

/// One node of a golden graph by both.
class Pair {
  public:
    Pair(const graph::Node &node, const test::GoldenOps &golden, std::map<std::string, torch::Tensor> &values)
        : node_(node) {
        for (const auto &[name, tensor] : golden.weights) fake_[name] = values_of(tensor);
        for (const auto &name : node.inputs) {
            inputs_.push_back(values.at(name).detach().requires_grad_());
            shapes_.push_back(inputs_.back().sizes().vec());
            plain_.push_back(values_of(inputs_.back()));
        }
        result_ = runtime::apply_op(node, inputs_, [&](const char *role) {
            const auto found = node.weights.find(role);
            return found == node.weights.end() ? torch::Tensor() : golden.weights.at(found->second);
        });
        values[node.name] = result_.detach();
    }

    void expect_equal() const {
        const auto given = this->given();
        const graph::Shape shape = result_.sizes().vec();
        expect_near(tensor_of(test::forward(node_, given, shape, fake_), shape), result_.detach());
        const auto gradient = torch::randn(shape);
        const auto values = values_of(gradient);
        const auto back = test::backward(node_, given, {shape, values}, fake_);
        const auto expected = torch::autograd::grad({result_}, inputs_, {gradient});
        for (std::size_t i = 0; i < inputs_.size(); ++i)
            expect_near(tensor_of(back[i], shapes_[i]), expected[i]);
    }

  private:
    [[nodiscard]] std::vector<test::Valued> given() const {
        std::vector<test::Valued> out;
        for (std::size_t i = 0; i < inputs_.size(); ++i) out.push_back({shapes_[i], plain_[i]});
        return out;
    }

    static void expect_near(const torch::Tensor &fake, const torch::Tensor &real) {
        EXPECT_LT((fake - real).abs().max().item<double>(),
                  1e-5 * std::max(1.0, real.abs().max().item<double>()));
    }

    const graph::Node &node_;
    test::FakeWeights fake_;
    std::vector<torch::Tensor> inputs_;
    std::vector<graph::Shape> shapes_;
    std::vector<std::vector<float>> plain_;
    torch::Tensor result_;
};

TEST(FakeOps, EqualTheKernelsThereAndBack) {
    torch::manual_seed(3);
    for (const auto &golden : test::golden_ops()) {
        SCOPED_TRACE(golden.graph.name);
        std::map<std::string, torch::Tensor> values;
        for (std::size_t i = 0; i < golden.inputs.size(); ++i)
            values[golden.graph.inputs[i].name] = golden.inputs[i];
        for (const auto &node : golden.graph.nodes) {
            SCOPED_TRACE(node.name);
            Pair(node, golden, values).expect_equal();
        }
    }
}

} // namespace
