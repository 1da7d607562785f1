// A runtime module without LibTorch: plain loops over a few ops, for tests of the host.
// MIRRA_FAKE_DELAY_MS in the environment makes every network run take that long.
#include "mirra/error.hpp"
#include "mirra/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
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

/// Eigenvalues and eigenvectors by rotations that make one value beside the diagonal zero after the other.
class Jacobi {
  public:
    /// Reads the lower triangle.
    Jacobi(std::span<const float> values, std::size_t n) : n_(n), a_(n * n), vectors_(n * n) {
        for (std::size_t i = 0; i < n; ++i) {
            vectors_[i * n + i] = 1;
            for (std::size_t j = 0; j <= i; ++j) {
                if (!std::isfinite(values[i * n + j]))
                    throw Error(ErrorCode::invalid_argument, "a value is no finite number", "symmetric");
                a_[i * n + j] = a_[j * n + i] = values[i * n + j];
            }
        }
    }

    void solve() {
        constexpr int kSweeps = 30;
        for (int sweep = 0; sweep < kSweeps; ++sweep)
            for (std::size_t p = 0; p < n_; ++p)
                for (std::size_t q = p + 1; q < n_; ++q)
                    if (a_[p * n_ + q] != 0) rotate(p, q);
    }

    [[nodiscard]] double value(std::size_t i) const { return a_[i * n_ + i]; }
    [[nodiscard]] double vector(std::size_t row, std::size_t i) const { return vectors_[row * n_ + i]; }
    [[nodiscard]] std::vector<std::size_t> ascending() const {
        std::vector<std::size_t> order(n_);
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::sort(order, {}, [&](std::size_t i) { return value(i); });
        return order;
    }

  private:
    void rotate(std::size_t p, std::size_t q) {
        const double angle = 0.5 * std::atan2(2 * a_[p * n_ + q], a_[q * n_ + q] - a_[p * n_ + p]);
        const double c = std::cos(angle), s = std::sin(angle);
        const auto turn = [&](double &x, double &y) {
            const double before = x;
            x = c * before - s * y;
            y = s * before + c * y;
        };
        for (std::size_t k = 0; k < n_; ++k) turn(a_[k * n_ + p], a_[k * n_ + q]);
        for (std::size_t k = 0; k < n_; ++k) turn(a_[p * n_ + k], a_[q * n_ + k]);
        for (std::size_t k = 0; k < n_; ++k) turn(vectors_[k * n_ + p], vectors_[k * n_ + q]);
        a_[p * n_ + q] = a_[q * n_ + p] = 0;
    }

    std::size_t n_;
    std::vector<double> a_, vectors_;
};

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
        auto y = make(broadcast(a->shape(), b->shape()));
        for (std::size_t i = 0; i < y->values.size(); ++i)
            y->values[i] = apply(op, fake(*a).values[beside(i, y->shape(), a->shape())],
                                 fake(*b).values[beside(i, y->shape(), b->shape())]);
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

    TensorPtr product(const TensorPtr &a, bool transpose_a, const TensorPtr &b, bool transpose_b) override {
        const FakeTensor left = matrix(*a, transpose_a), right = matrix(*b, transpose_b);
        const std::int64_t inner = left.shape()[1], columns = right.shape()[1];
        auto y = make({left.shape()[0], columns});
        for (std::int64_t i = 0; i < left.shape()[0] * columns; ++i)
            for (std::int64_t k = 0; k < inner; ++k)
                y->values[static_cast<std::size_t>(i)] +=
                    left.values[static_cast<std::size_t>(i / columns * inner + k)] *
                    right.values[static_cast<std::size_t>(k * columns + i % columns)];
        return y;
    }
    Eigen eigen(const TensorPtr &symmetric) override {
        const auto extent = symmetric->shape()[0];
        const auto n = static_cast<std::size_t>(extent);
        Jacobi solver(fake(*symmetric).values, n);
        solver.solve();
        auto values = make({extent}), vectors = make({extent, extent});
        const auto order = solver.ascending();
        for (std::size_t i = 0; i < n; ++i) {
            values->values[i] = static_cast<float>(solver.value(order[i]));
            for (std::size_t row = 0; row < n; ++row)
                vectors->values[row * n + i] = static_cast<float>(solver.vector(row, order[i]));
        }
        return {values, vectors};
    }

  private:
    static float apply(Binary op, float p, float q) {
        switch (op) {
        case Binary::add:
            return p + q;
        case Binary::subtract:
            return p - q;
        case Binary::multiply:
            return p * q;
        case Binary::divide:
            return p / q;
        case Binary::minimum:
            return std::min(p, q);
        case Binary::maximum:
            return std::max(p, q);
        }
        throw std::logic_error("unknown operation");
    }

    static graph::Shape broadcast(graph::Shape a, graph::Shape b) {
        if (a.size() < b.size()) std::swap(a, b);
        b.insert(b.begin(), a.size() - b.size(), 1);
        for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::max(a[i], b[i]);
        return a;
    }

    /// Which value of an operand goes with value i of the result.
    static std::size_t beside(std::size_t i, const graph::Shape &result, const graph::Shape &operand) {
        std::size_t at = 0, step = 1;
        for (std::size_t axis = 1; axis <= operand.size(); ++axis) {
            const auto extent = static_cast<std::size_t>(result[result.size() - axis]),
                       own = static_cast<std::size_t>(operand[operand.size() - axis]);
            if (own > 1) at += i % extent * step;
            step *= own;
            i /= extent;
        }
        return at;
    }

    static FakeTensor matrix(const Tensor &tensor, bool transpose) {
        const FakeTensor &x = fake(tensor);
        const auto rows = x.shape()[0], columns = x.shape()[1];
        FakeTensor y(transpose ? graph::Shape{columns, rows} : x.shape());
        for (std::size_t i = 0; i < x.values.size(); ++i) {
            const auto width = static_cast<std::size_t>(columns);
            y.values[transpose ? i % width * static_cast<std::size_t>(rows) + i / width : i] = x.values[i];
        }
        return y;
    }
};

} // namespace

extern "C" __attribute__((visibility("default"))) Module *mirra_runtime_module_v3() {
    static FakeModule module;
    return &module;
}
