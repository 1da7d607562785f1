// A runtime module without LibTorch: plain loops over a few ops, for tests of the host.
// MIRRA_FAKE_DELAY_MS in the environment makes every network run take that long.
#include "mirra/error.hpp"
#include "mirra/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace {

using namespace mirra;
using namespace mirra::runtime;

std::size_t count(const graph::Shape &shape) {
    std::size_t elements = 1;
    for (const std::int64_t extent : shape) elements *= static_cast<std::size_t>(extent);
    return elements;
}

class FakeArena final : public Arena {
  public:
    explicit FakeArena(std::uint64_t limit) : limit_(limit) {}
    void take(std::uint64_t bytes) {
        const std::uint64_t now = current_ += bytes;
        if (limit_ != 0 && now > limit_) {
            current_ -= bytes;
            throw Error(ErrorCode::budget, "the arena is full", "arena");
        }
        std::uint64_t peak = peak_;
        while (now > peak && !peak_.compare_exchange_weak(peak, now)) {
        }
    }
    void give(std::uint64_t bytes) { current_ -= bytes; }
    [[nodiscard]] std::uint64_t peak_bytes() const override { return peak_; }
    [[nodiscard]] std::uint64_t current_bytes() const override { return current_; }

  private:
    std::uint64_t limit_;
    std::atomic<std::uint64_t> current_{0}, peak_{0};
};

thread_local std::shared_ptr<FakeArena> entered;

class FakeScope final : public ArenaScope {
  public:
    explicit FakeScope(std::shared_ptr<FakeArena> arena)
        : before_(std::exchange(entered, std::move(arena))) {}
    ~FakeScope() override { entered = before_; }

  private:
    std::shared_ptr<FakeArena> before_;
};

class FakeTensor final : public Tensor {
  public:
    explicit FakeTensor(graph::Shape shape) : shape_(std::move(shape)), arena_(entered) {
        if (arena_) arena_->take(count(shape_) * sizeof(float));
        values.resize(count(shape_));
    }
    ~FakeTensor() override {
        if (arena_) arena_->give(count(shape_) * sizeof(float));
    }
    [[nodiscard]] const graph::Shape &shape() const override { return shape_; }

    std::vector<float> values;

  private:
    graph::Shape shape_;
    std::shared_ptr<FakeArena> arena_;
};

std::shared_ptr<FakeTensor> make(const graph::Shape &shape) {
    return std::make_shared<FakeTensor>(shape);
}

const FakeTensor &fake(const Tensor &tensor) {
    return dynamic_cast<const FakeTensor &>(tensor);
}

/// Where the values of a convolution meet: visit(input, weight, output) for each product. Zeros beyond the
/// edges.
template<class Visit>
void for_products(const graph::Node &node, const graph::Shape &x, const graph::Shape &y, const Visit &visit) {
    const auto kernel = node.integer("kernel"), padding = node.integer("padding"),
               stride = node.integer("stride");
    for (std::int64_t plane = 0; plane < y[0] * y[1]; ++plane)
        for (std::int64_t i = 0; i < y[2] * y[3]; ++i)
            for (std::int64_t c = 0; c < x[1]; ++c)
                for (std::int64_t k = 0; k < kernel * kernel; ++k) {
                    const auto row = i / y[3] * stride + k / kernel - padding,
                               column = i % y[3] * stride + k % kernel - padding;
                    if (row < 0 || column < 0 || row >= x[2] || column >= x[3]) continue;
                    const std::int64_t image = plane / y[1], o = plane % y[1];
                    visit(static_cast<std::size_t>(((image * x[1] + c) * x[2] + row) * x[3] + column),
                          static_cast<std::size_t>((o * x[1] + c) * kernel * kernel + k),
                          static_cast<std::size_t>(plane * y[2] * y[3] + i));
                }
}

std::shared_ptr<FakeTensor> conv2d(const graph::Node &node, const FakeTensor &x,
                                   std::span<const float> weights, std::span<const float> bias) {
    const auto kernel = node.integer("kernel"), padding = node.integer("padding"),
               stride = node.integer("stride");
    const auto extent = [&](std::int64_t e) { return (e + 2 * padding - kernel) / stride + 1; };
    auto y = make({x.shape()[0], node.integer("out_channels"), extent(x.shape()[2]), extent(x.shape()[3])});
    const auto area = static_cast<std::size_t>(y->shape()[2] * y->shape()[3]);
    for (std::size_t i = 0; i < y->values.size() && !bias.empty(); ++i)
        y->values[i] = bias[i / area % bias.size()];
    for_products(node, x.shape(), y->shape(), [&](std::size_t in, std::size_t weight, std::size_t out) {
        y->values[out] += x.values[in] * weights[weight];
    });
    return y;
}

std::shared_ptr<FakeTensor> map(const FakeTensor &x, const std::function<float(float)> &function) {
    auto y = make(x.shape());
    std::ranges::transform(x.values, y->values.begin(), function);
    return y;
}

float relu(float v) {
    return std::max(v, 0.0F);
}

float sigmoid(float v) {
    return 1 / (1 + std::exp(-v));
}

/// Which value of a tensor became value i of that of `shape`, which is `factor` times as large.
std::size_t before_upsampling(std::size_t i, std::int64_t factor, const graph::Shape &shape) {
    const auto height = static_cast<std::size_t>(shape[2]), width = static_cast<std::size_t>(shape[3]),
               times = static_cast<std::size_t>(factor);
    return (i / (height * width) * (height / times) + i / width % height / times) * (width / times) +
           i % width / times;
}

std::shared_ptr<FakeTensor> upsample(const graph::Node &node, const FakeTensor &x) {
    const auto factor = node.integer("factor"), height = x.shape()[2] * factor, width = x.shape()[3] * factor;
    auto y = make({x.shape()[0], x.shape()[1], height, width});
    for (std::size_t i = 0; i < y->values.size(); ++i)
        y->values[i] = x.values[before_upsampling(i, factor, y->shape())];
    return y;
}

/// Means of windows; what lies beyond the edges counts as zeros.
std::shared_ptr<FakeTensor> average(const graph::Node &node, const FakeTensor &x) {
    const auto kernel = node.integer("kernel"), padding = node.integer("padding");
    if (node.integer("stride") != 1 || kernel != 2 * padding + 1)
        throw Error(ErrorCode::unsupported, "the fake runtime averages around each pixel only", node.name);
    auto y = make(x.shape());
    const auto height = x.shape()[2], width = x.shape()[3];
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.values.size()); ++i)
        for (std::int64_t k = 0; k < kernel * kernel; ++k) {
            const auto row = i / width % height + k / kernel - padding,
                       column = i % width + k % kernel - padding;
            if (row < 0 || column < 0 || row >= height || column >= width) continue;
            y->values[static_cast<std::size_t>(i)] +=
                x.values[static_cast<std::size_t>((i / (width * height) * height + row) * width + column)] /
                static_cast<float>(kernel * kernel);
        }
    return y;
}

std::shared_ptr<FakeTensor> normalise(const graph::Node &node, const FakeTensor &x) {
    auto y = make(x.shape());
    const auto area = static_cast<std::size_t>(x.shape()[2] * x.shape()[3]),
               channels = static_cast<std::size_t>(x.shape()[1]);
    for (std::size_t i = 0; i < x.values.size(); ++i) {
        const std::size_t channel = i / area % channels;
        y->values[i] = static_cast<float>((x.values[i] - node.reals("mean")[channel]) /
                                          node.reals("deviation")[channel]);
    }
    return y;
}

TensorPtr concat(const std::vector<TensorPtr> &parts) {
    graph::Shape shape = parts.front()->shape();
    shape[1] = 0;
    for (const TensorPtr &part : parts) shape[1] += part->shape()[1];
    auto y = make(shape);
    auto at = y->values.begin();
    for (const TensorPtr &part : parts) at = std::ranges::copy(fake(*part).values, at).out;
    return y;
}

using Values = std::map<std::string, TensorPtr>;
using Weights = std::map<std::string, std::vector<float>>;

Weights load_weights(const graph::Graph &graph, const WeightSource &source) {
    Weights weights;
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        const auto values = source(name).values;
        weights[name].assign(values.begin(), values.end());
    }
    return weights;
}

TensorPtr compute(const graph::Node &node, const std::vector<TensorPtr> &given, const Weights &weights) {
    const FakeTensor &x = fake(*given[0]);
    switch (node.op) {
    case graph::Op::conv2d: {
        const auto bias = node.weights.find("bias");
        return conv2d(node, x, weights.at(node.weights.at("weight")),
                      bias == node.weights.end() ? std::span<const float>() : weights.at(bias->second));
    }
    case graph::Op::concat:
        return concat(given);
    case graph::Op::relu:
        return map(x, relu);
    case graph::Op::sigmoid:
        return map(x, sigmoid);
    case graph::Op::upsample_nearest:
        return upsample(node, x);
    case graph::Op::avg_pool:
        return average(node, x);
    case graph::Op::normalise:
        return normalise(node, x);
    default:
        throw Error(ErrorCode::unsupported, "the fake runtime lacks this op", node.name);
    }
}

/// Every value of a run by name.
Values play(const graph::Graph &graph, const Weights &weights, std::span<const TensorPtr> inputs) {
    if (const char *delay = std::getenv("MIRRA_FAKE_DELAY_MS")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
    }
    Values values;
    std::map<std::string, graph::Shape> shapes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        values[graph.inputs[i].name] = inputs[i];
        shapes[graph.inputs[i].name] = inputs[i]->shape();
    }
    graph::infer_shapes(graph, shapes);
    for (const graph::Node &node : graph.nodes) {
        std::vector<TensorPtr> given;
        for (const std::string &name : node.inputs) given.push_back(values.at(name));
        values[node.name] = compute(node, given, weights);
    }
    return values;
}

class FakeExecutable final : public Executable {
  public:
    FakeExecutable(graph::Graph graph, const WeightSource &weights)
        : graph_(std::move(graph))
        , weights_(load_weights(graph_, weights)) {}
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs) override {
        const Values values = play(graph_, weights_, inputs);
        std::vector<TensorPtr> outputs;
        for (const graph::Output &output : graph_.outputs) outputs.push_back(values.at(output.source));
        return outputs;
    }

  private:
    graph::Graph graph_;
    Weights weights_;
};

/// Gradients of chains of convolutions, ReLUs, sigmoids and upsampling.
class FakeDifferentiable final : public Differentiable {
  public:
    FakeDifferentiable(graph::Graph graph, const WeightSource &weights)
        : graph_(std::move(graph))
        , weights_(load_weights(graph_, weights)) {}
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream) override {
        const Values values = play(graph_, weights_, inputs);
        std::string at = graph_.outputs[output].source;
        TensorPtr gradient = upstream(values.at(at));
        if (gradient == nullptr || gradient->shape() != values.at(at)->shape())
            throw Error(ErrorCode::mismatch, "the gradient does not have the shape of the output");
        while (at != graph_.inputs[input].name) {
            const auto node = std::ranges::find(graph_.nodes, at, &graph::Node::name);
            at = node->inputs.front();
            gradient = back(*node, fake(*values.at(at)), fake(*gradient));
        }
        return gradient;
    }

  private:
    TensorPtr back(const graph::Node &node, const FakeTensor &x, const FakeTensor &gradient) const {
        auto out = make(x.shape());
        if (node.op == graph::Op::relu) {
            for (std::size_t i = 0; i < x.values.size(); ++i)
                out->values[i] = x.values[i] > 0 ? gradient.values[i] : 0;
        } else if (node.op == graph::Op::sigmoid) {
            for (std::size_t i = 0; i < x.values.size(); ++i) {
                const float y = sigmoid(x.values[i]);
                out->values[i] = gradient.values[i] * y * (1 - y);
            }
        } else if (node.op == graph::Op::upsample_nearest) {
            for (std::size_t i = 0; i < gradient.values.size(); ++i)
                out->values[before_upsampling(i, node.integer("factor"), gradient.shape())] +=
                    gradient.values[i];
        } else if (node.op == graph::Op::conv2d) {
            const auto &weights = weights_.at(node.weights.at("weight"));
            for_products(node, x.shape(), gradient.shape(),
                         [&](std::size_t in, std::size_t weight, std::size_t at) {
                             out->values[in] += gradient.values[at] * weights[weight];
                         });
        } else {
            throw Error(ErrorCode::unsupported, "the fake runtime has no gradient of this op", node.name);
        }
        return out;
    }

    graph::Graph graph_;
    Weights weights_;
};

/// Where a value of an nhwc tensor lies in nchw.
std::size_t in_nchw(std::size_t i, const graph::Shape &shape) {
    const auto channels = static_cast<std::size_t>(shape[1]);
    const auto pixels = static_cast<std::size_t>(shape[2] * shape[3]);
    return (i % channels) * pixels + i / channels;
}

class FakeModule final : public Module {
  public:
    [[nodiscard]] std::string version() const override { return "fake 1"; }
    [[nodiscard]] std::vector<DeviceInfo> devices() const override {
        return {{"cpu", "fake", 1 << 30, {Precision::fp32, Precision::bf16}, true, ""}};
    }
    void set_threads(int) override {}

    std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                        const CompileOptions &) override {
        return std::make_shared<FakeExecutable>(graph, weights);
    }
    std::shared_ptr<Differentiable> compile_gradient(const graph::Graph &graph, const WeightSource &weights,
                                                     const std::string &) override {
        return std::make_shared<FakeDifferentiable>(graph, weights);
    }
    std::shared_ptr<Arena> make_arena(std::uint64_t limit) override {
        return std::make_shared<FakeArena>(limit);
    }
    std::unique_ptr<ArenaScope> enter(const std::shared_ptr<Arena> &arena) override {
        return std::make_unique<FakeScope>(std::dynamic_pointer_cast<FakeArena>(arena));
    }

    TensorPtr upload(std::span<const float> values, const graph::Shape &shape, Layout layout,
                     const std::string &) override {
        auto y = make(shape);
        for (std::size_t i = 0; i < values.size(); ++i) {
            y->values[layout == Layout::nhwc ? in_nchw(i, shape) : i] = values[i];
        }
        return y;
    }
    TensorPtr full(const graph::Shape &shape, double value, const std::string &) override {
        auto y = make(shape);
        std::ranges::fill(y->values, static_cast<float>(value));
        return y;
    }
    void download(const Tensor &tensor, std::span<float> values, Layout layout) override {
        const FakeTensor &x = fake(tensor);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = x.values[layout == Layout::nhwc ? in_nchw(i, x.shape()) : i];
        }
    }
    TensorPtr binary(Binary op, const TensorPtr &a, const TensorPtr &b) override {
        auto y = make(a->shape());
        for (std::size_t i = 0; i < y->values.size(); ++i) {
            const float p = fake(*a).values[i], q = fake(*b).values[beside(i, a->shape(), b->shape())];
            y->values[i] = op == Binary::add ? p + q : op == Binary::subtract ? p - q : p * q;
        }
        return y;
    }
    TensorPtr affine(const TensorPtr &x, double scale, double offset) override {
        return map(fake(*x), [&](float v) { return static_cast<float>(scale * v + offset); });
    }
    TensorPtr clamp(const TensorPtr &x, double low, double high) override {
        return map(fake(*x),
                   [&](float v) { return std::clamp(v, static_cast<float>(low), static_cast<float>(high)); });
    }
    double reduce(Reduction op, const TensorPtr &x) override {
        const auto &values = fake(*x).values;
        if (op == Reduction::minimum) return *std::ranges::min_element(values);
        if (op == Reduction::maximum) return *std::ranges::max_element(values);
        double sum = 0;
        for (const float value : values) sum += value;
        return op == Reduction::sum ? sum : sum / static_cast<double>(values.size());
    }

  private:
    /// Which value of b goes with value i of a: itself, or that of its channel.
    static std::size_t beside(std::size_t i, const graph::Shape &a, const graph::Shape &b) {
        if (a == b) return i;
        if (a.size() == 4 && b == graph::Shape{1, a[1], 1, 1})
            return i / static_cast<std::size_t>(a[2] * a[3]);
        throw std::logic_error("the fake runtime broadcasts over pixels only");
    }
};

} // namespace

extern "C" __attribute__((visibility("default"))) Module *mirra_runtime_module_v2() {
    static FakeModule module;
    return &module;
}
