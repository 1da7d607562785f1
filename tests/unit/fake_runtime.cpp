// A runtime module without LibTorch: plain loops, for tests of the host and of plugins.
// MIRRA_FAKE_DELAY_MS in the environment makes every network run take that long; MIRRA_FAKE_SHORT makes
// results lose their last row.
#include "fake_ops.hpp"
#include "mirra/error.hpp"
#include "mirra/runtime.hpp"
#include "runtime/arena_scope.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <ranges>
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
    void reserve(std::uint64_t bytes) override {
        take(bytes);
        give(bytes);
    }

  private:
    std::uint64_t limit_;
    std::atomic<std::uint64_t> current_{0}, peak_{0};
};

using FakeScope = ThreadArenaScope<FakeArena>;

class FakeTensor final : public DeviceTensor {
  public:
    explicit FakeTensor(graph::Shape shape)
        : shape_(std::move(shape))
        , arena_(FakeScope::arena() ? *FakeScope::arena() : nullptr) {
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

const FakeTensor &fake(const DeviceTensor &tensor) {
    return dynamic_cast<const FakeTensor &>(tensor);
}

std::shared_ptr<FakeTensor> map(const FakeTensor &x, const std::function<float(float)> &function) {
    auto y = make(x.shape());
    std::ranges::transform(x.values, y->values.begin(), function);
    return y;
}

using Values = std::map<std::string, TensorPtr>;

test::FakeWeights load_weights(const graph::Graph &graph, const WeightSource &source) {
    test::FakeWeights weights;
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        const auto values = source(name).values;
        weights[name].assign(values.begin(), values.end());
    }
    return weights;
}

std::vector<test::Valued> inputs_of(const graph::Node &node, const Values &values) {
    std::vector<test::Valued> given;
    for (const std::string &name : node.inputs) {
        const FakeTensor &x = fake(*values.at(name));
        given.push_back({x.shape(), x.values});
    }
    return given;
}

/// Every value of a run by name.
Values play(const graph::Graph &graph, const test::FakeWeights &weights, std::span<const TensorPtr> inputs) {
    if (const char *delay = std::getenv("MIRRA_FAKE_DELAY_MS")) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
    }
    Values values;
    std::map<std::string, graph::Shape> shapes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        values[graph.inputs[i].name] = inputs[i];
        shapes[graph.inputs[i].name] = inputs[i]->shape();
    }
    shapes = graph::infer_shapes(graph, shapes);
    for (const graph::Node &node : graph.nodes) {
        auto y = make(shapes.at(node.name));
        y->values = test::forward(node, inputs_of(node, values), y->shape(), weights);
        values[node.name] = std::move(y);
    }
    return values;
}

/// The same tensor without its last row, where a test asks for a runtime that breaks its promises.
TensorPtr as_asked(const TensorPtr &tensor) {
    if (std::getenv("MIRRA_FAKE_SHORT") == nullptr || tensor->shape().size() != 4) return tensor;
    graph::Shape shape = tensor->shape();
    --shape[2];
    return make(shape);
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
        for (const graph::Output &output : graph_.outputs)
            outputs.push_back(as_asked(values.at(output.source)));
        return outputs;
    }

  private:
    graph::Graph graph_;
    test::FakeWeights weights_;
};

class FakeDifferentiable final : public Differentiable {
  public:
    FakeDifferentiable(graph::Graph graph, const WeightSource &weights)
        : graph_(std::move(graph))
        , weights_(load_weights(graph_, weights)) {}
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream) override {
        const Values values = play(graph_, weights_, inputs);
        const std::string &wanted = graph_.outputs[output].source;
        const TensorPtr given = upstream(values.at(wanted));
        if (given == nullptr || given->shape() != values.at(wanted)->shape())
            throw Error(ErrorCode::mismatch, "the gradient does not have the shape of the output");
        std::map<std::string, std::vector<float>> gradients{{wanted, fake(*given).values}};
        for (const graph::Node &node : graph_.nodes | std::views::reverse)
            if (const auto found = gradients.find(node.name); found != gradients.end())
                add(gradients, node, values, found->second);
        auto out = make(inputs[input]->shape());
        if (const auto found = gradients.find(graph_.inputs[input].name); found != gradients.end())
            out->values = found->second;
        return as_asked(out);
    }

  private:
    void add(std::map<std::string, std::vector<float>> &gradients, const graph::Node &node,
             const Values &values, const std::vector<float> &gradient) const {
        const auto parts = test::backward(node, inputs_of(node, values),
                                          {values.at(node.name)->shape(), gradient}, weights_);
        for (std::size_t k = 0; k < parts.size(); ++k) {
            auto &sum = gradients[node.inputs[k]];
            sum.resize(parts[k].size());
            for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += parts[k][i];
        }
    }

    graph::Graph graph_;
    test::FakeWeights weights_;
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
    std::shared_ptr<Arena> make_arena(std::uint64_t limit, std::uint64_t) override {
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
    TensorPtr upload(const std::function<void(std::span<float>)> &fill, const graph::Shape &shape,
                     Layout layout, const std::string &device) override {
        std::vector<float> values(make(shape)->values.size());
        fill(values);
        return upload(values, shape, layout, device);
    }
    TensorPtr full(const graph::Shape &shape, double value, const std::string &) override {
        auto y = make(shape);
        std::ranges::fill(y->values, static_cast<float>(value));
        return y;
    }
    void download(const DeviceTensor &tensor, std::span<float> values, Layout layout) override {
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

    static FakeTensor matrix(const DeviceTensor &tensor, bool transpose) {
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

extern "C" __attribute__((visibility("default"))) Module *mirra_runtime_module_v5() {
    static FakeModule module;
    return &module;
}
