// A runtime module without LibTorch: the plain runtime with networks in plain loops, for tests of the host
// and of plugins. The environment says what it is like:
//   MIRRA_FAKE_DELAY_MS   every network's run takes that long
//   MIRRA_FAKE_SHORT      results lose their last row
//   MIRRA_FAKE_GPUS       it knows so many GPUs; they are the processor under other names
//   MIRRA_FAKE_LOST       the name of one on which every run fails
//   MIRRA_FAKE_NO_MEMORY  the name of one on which every run is out of memory
#include "fake_ops.hpp"
#include "mirra/error.hpp"
#include "mirra/runtime.hpp"
#include "runtime/cuda/gpu_runtime.hpp"
#include "runtime/cuda/table_copies.hpp"
#include "runtime/plain/plain_module.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <list>
#include <ranges>
#include <thread>

namespace {

using namespace mirra;
using namespace mirra::runtime;

using Values = std::map<std::string, TensorPtr>;

test::FakeWeights load_weights(const graph::Graph &graph, const WeightSource &source) {
    test::FakeWeights weights;
    for (const auto &[name, shape] : graph::weight_shapes(graph)) {
        const auto values = source(name).values;
        weights[name].assign(values.begin(), values.end());
    }
    return weights;
}

/// The inputs of a node, row-major.
struct Inputs {
    std::list<std::vector<float>> copies;
    std::vector<test::Valued> given;

    Inputs(const graph::Node &node, const Values &values) {
        for (const std::string &name : node.inputs) {
            const PlainTensor &x = plain(*values.at(name));
            given.push_back({x.shape(), row_major(x, copies.emplace_back())});
        }
    }
};

void fill(PlainTensor &tensor, const std::vector<float> &values) {
    std::ranges::copy(values, tensor.values().begin());
}

/// Milliseconds that a test asks for.
void sleep_for_test(const char *variable) {
    if (const char *delay = std::getenv(variable))
        std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(delay)));
}

/// Every value of a run by name.
Values play(const graph::Graph &graph, const test::FakeWeights &weights, std::span<const TensorPtr> inputs,
            const StepFunction &step) {
    sleep_for_test("MIRRA_FAKE_DELAY_MS");
    Values values;
    std::map<std::string, graph::Shape> shapes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        values[graph.inputs[i].name] = inputs[i];
        shapes[graph.inputs[i].name] = inputs[i]->shape();
    }
    shapes = graph::infer_shapes(graph, shapes);
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const graph::Node &node = graph.nodes[i];
        const auto count = graph.nodes.size();
        if (step) step(i, count, static_cast<double>(i) / static_cast<double>(count));
        sleep_for_test("MIRRA_FAKE_NODE_DELAY_MS");
        auto y = make_plain(shapes.at(node.name));
        fill(*y, test::forward(node, Inputs(node, values).given, y->shape(), weights));
        values[node.name] = std::move(y);
    }
    return values;
}

/// The same tensor without its last row, where a test asks for a runtime that breaks its promises.
TensorPtr as_asked(const TensorPtr &tensor) {
    if (std::getenv("MIRRA_FAKE_SHORT") == nullptr || tensor->shape().size() != 4) return tensor;
    graph::Shape shape = tensor->shape();
    --shape[2];
    auto shorter = make_plain(shape);
    std::ranges::fill(shorter->values(), 0.0F);
    return shorter;
}

/// Whether a variable names the device.
bool is_named(const char *variable, const std::string &device) {
    const char *named = std::getenv(variable);
    return named != nullptr && device == named;
}

class FakeExecutable final : public Executable {
  public:
    FakeExecutable(graph::Graph graph, const WeightSource &weights, std::string device)
        : graph_(std::move(graph))
        , weights_(load_weights(graph_, weights))
        , device_(std::move(device)) {}
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs, const StepFunction &step) override {
        if (is_named("MIRRA_FAKE_LOST", device_))
            throw Error(ErrorCode::device, "the device failed: it has fallen off the bus");
        if (is_named("MIRRA_FAKE_NO_MEMORY", device_))
            throw Error(ErrorCode::out_of_memory, "the device is out of memory");
        const Values values = play(graph_, weights_, inputs, step);
        std::vector<TensorPtr> outputs;
        for (const graph::Output &output : graph_.outputs)
            outputs.push_back(as_asked(values.at(output.source)));
        return outputs;
    }

  private:
    graph::Graph graph_;
    test::FakeWeights weights_;
    const std::string device_;
};

class FakeDifferentiable final : public Differentiable {
  public:
    FakeDifferentiable(graph::Graph graph, const WeightSource &weights)
        : graph_(std::move(graph))
        , weights_(load_weights(graph_, weights)) {}
    [[nodiscard]] const graph::Graph &graph() const override { return graph_; }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream, const StepFunction &step) override {
        const Values values = play(graph_, weights_, inputs, step);
        const std::string &wanted = graph_.outputs[output].source;
        const TensorPtr given = upstream(values.at(wanted));
        if (given == nullptr || given->shape() != values.at(wanted)->shape())
            throw Error(ErrorCode::mismatch, "the gradient does not have the shape of the output");
        std::vector<float> copy;
        const auto first = row_major(plain(*given), copy);
        std::map<std::string, std::vector<float>> gradients{{wanted, {first.begin(), first.end()}}};
        for (const graph::Node &node : graph_.nodes | std::views::reverse)
            if (const auto found = gradients.find(node.name); found != gradients.end())
                add(gradients, node, values, found->second);
        auto out = make_plain(inputs[input]->shape());
        std::ranges::fill(out->values(), 0.0F);
        if (const auto found = gradients.find(graph_.inputs[input].name); found != gradients.end())
            fill(*out, found->second);
        return as_asked(out);
    }

  private:
    void add(std::map<std::string, std::vector<float>> &gradients, const graph::Node &node,
             const Values &values, const std::vector<float> &gradient) const {
        const auto parts = test::backward(node, Inputs(node, values).given,
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

class FakeModule final : public PlainModule {
  public:
    [[nodiscard]] std::string version() const override { return "fake 1"; }
    [[nodiscard]] std::vector<DeviceInfo> devices() const override {
        std::vector<DeviceInfo> found{{"cpu", "fake", 1 << 30, {Precision::fp32, Precision::bf16}, true, ""}};
        const char *gpus = std::getenv("MIRRA_FAKE_GPUS");
        for (int i = 0; gpus != nullptr && i < std::atoi(gpus); ++i)
            found.push_back({"cuda:" + std::to_string(i), "fake", 1 << 30, {Precision::fp32}, true, ""});
        return found;
    }

    std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                        const CompileOptions &options) override {
        return std::make_shared<FakeExecutable>(graph, weights, options.device);
    }
    std::shared_ptr<Differentiable> compile_gradient(const graph::Graph &graph, const WeightSource &weights,
                                                     const std::string &) override {
        return std::make_shared<FakeDifferentiable>(graph, weights);
    }
};

FakeModule &the_module() {
    static FakeModule module;
    return module;
}

/// Tensors are the processor's.
class FakeTensors final : public cuda::TensorMemory {
  public:
    Made make(const graph::Shape &shape) override {
        const auto made = make_plain(shape, Layout::nhwc);
        return {made, made->values().data()};
    }
    std::shared_ptr<float> values_of(const DeviceTensor &tensor) override {
        const auto values = std::make_shared<std::vector<float>>(plain(tensor).values().size());
        the_module().download(tensor, *values, Layout::nhwc);
        return {values, values->data()};
    }
};

class FakeGpuRuntime final : public GpuRuntime {
  public:
    std::shared_ptr<Arena> make_arena(const std::string & /*device*/, std::uint64_t limit,
                                      const Note & /*note*/) override {
        return the_module().make_arena(limit, 0);
    }
    std::unique_ptr<TileCopies> make_copies(const mirra_cuda_kernels &kernels, const std::string & /*device*/,
                                            const Ready &ready) override {
        const auto memory = [](std::size_t bytes) -> cuda::Memory {
            const auto made = std::make_shared<std::vector<std::byte>>(bytes);
            return {made, made->data()};
        };
        return std::make_unique<cuda::TableCopies>(kernels, memory, tensors_, ready);
    }
    std::unique_ptr<PictureCopies> make_picture_copies(const mirra_cuda_kernels &kernels,
                                                       const std::string & /*device*/,
                                                       const Ready &ready) override {
        return std::make_unique<cuda::TablePictureCopies>(kernels, ready);
    }
    std::shared_ptr<const cuda::Fence> mark(const mirra_cuda_kernels &kernels, const std::string & /*device*/,
                                            void *stream) override {
        return cuda::mark_stream(kernels, stream);
    }

  private:
    FakeTensors tensors_;
};

} // namespace

extern "C" __attribute__((visibility("default"))) Module *mirra_runtime_module_v7() {
    return &the_module();
}

extern "C" __attribute__((visibility("default"))) GpuRuntime *MIRRA_GPU_RUNTIME_FUNCTION() {
    static FakeGpuRuntime runtime;
    return &runtime;
}
