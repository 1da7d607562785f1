// A runtime module without LibTorch: plain loops over a few ops, for tests of the host.
// MIRRA_FAKE_DELAY_MS in the environment makes every network run take that long.
#include "mirra/error.hpp"
#include "mirra/runtime.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
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

/// Stride 1, square kernel, zeros beyond the edges.
TensorPtr conv2d(const graph::Node &node, const FakeTensor &x, std::span<const float> weights) {
    const auto channels = x.shape()[1], height = x.shape()[2], width = x.shape()[3];
    const auto kernel = node.integer("kernel"), padding = node.integer("padding"),
               out = node.integer("out_channels");
    auto y = make({1, out, height, width});
    for (std::int64_t o = 0; o < out; ++o) {
        for (std::int64_t i = 0; i < height * width; ++i) {
            float sum = 0;
            for (std::int64_t c = 0; c < channels; ++c) {
                for (std::int64_t k = 0; k < kernel * kernel; ++k) {
                    const auto row = i / width + k / kernel - padding,
                               column = i % width + k % kernel - padding;
                    if (row < 0 || column < 0 || row >= height || column >= width) continue;
                    sum += x.values[static_cast<std::size_t>((c * height + row) * width + column)] *
                           weights[static_cast<std::size_t>((o * channels + c) * kernel * kernel + k)];
                }
            }
            y->values[static_cast<std::size_t>(o * height * width + i)] = sum;
        }
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

class FakeExecutable final : public Executable {
  public:
    FakeExecutable(graph::Graph graph, const WeightSource &weights) : graph_(std::move(graph)) {
        for (const auto &[name, shape] : graph::weight_shapes(graph_)) {
            const auto values = weights(name).values;
            weights_[name].assign(values.begin(), values.end());
        }
    }
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs) override {
        if (const char *delay = std::getenv("MIRRA_FAKE_DELAY_MS")) {
            std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
        }
        std::map<std::string, TensorPtr> tensors;
        for (std::size_t i = 0; i < inputs.size(); ++i) tensors[graph_.inputs[i].name] = inputs[i];
        for (const graph::Node &node : graph_.nodes) {
            std::vector<TensorPtr> given;
            for (const std::string &name : node.inputs) given.push_back(tensors.at(name));
            if (node.op == graph::Op::conv2d) {
                tensors[node.name] = conv2d(node, fake(*given[0]), weights_.at(node.weights.at("weight")));
            } else if (node.op == graph::Op::concat) {
                tensors[node.name] = concat(given);
            } else {
                throw Error(ErrorCode::unsupported, "the fake runtime lacks this op", node.name);
            }
        }
        std::vector<TensorPtr> outputs;
        for (const graph::Output &output : graph_.outputs) outputs.push_back(tensors.at(output.source));
        return outputs;
    }

  private:
    graph::Graph graph_;
    std::map<std::string, std::vector<float>> weights_;
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
        if (a->shape() != b->shape()) throw std::logic_error("the fake runtime does not broadcast");
        auto y = make(a->shape());
        for (std::size_t i = 0; i < y->values.size(); ++i) {
            const float p = fake(*a).values[i], q = fake(*b).values[i];
            y->values[i] = op == Binary::add ? p + q : op == Binary::subtract ? p - q : p * q;
        }
        return y;
    }
    TensorPtr affine(const TensorPtr &x, double scale, double offset) override {
        return map(x, [&](float v) { return static_cast<float>(scale * v + offset); });
    }
    TensorPtr clamp(const TensorPtr &x, double low, double high) override {
        return map(x,
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
    static TensorPtr map(const TensorPtr &x, const std::function<float(float)> &function) {
        auto y = make(x->shape());
        std::ranges::transform(fake(*x).values, y->values.begin(), function);
        return y;
    }
};

} // namespace

extern "C" __attribute__((visibility("default"))) Module *mirra_runtime_module_v1() {
    static FakeModule module;
    return &module;
}
