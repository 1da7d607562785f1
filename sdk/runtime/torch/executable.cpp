// A graph compiled for runs, and one compiled for gradients. On the CPU both run on the calling thread, so
// that what they allocate is its arena's.
#include "runtime/torch/executable.hpp"

#include "mirra/error.hpp"
#include "mirra/tiling.hpp"
#include "runtime/plan/running.hpp"
#include "runtime/torch/devices.hpp"
#include "runtime/torch/graph_runs.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/interpreter.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/tensor.hpp"

#include <mutex>
#include <set>

namespace mirra::runtime {
namespace {

namespace g = mirra::graph;

at::ScalarType scalar_type(Precision precision) {
    switch (precision) {
    case Precision::bf16:
        return at::kBFloat16;
    case Precision::fp16:
        return at::kHalf;
    default:
        return at::kFloat;
    }
}

const g::Graph &valid(const g::Graph &graph) {
    g::validate(graph);
    return graph;
}

class TorchExecutable final : public Executable {
  public:
    TorchExecutable(const g::Graph &graph, const WeightSource &weights, const CompileOptions &options,
                    std::shared_ptr<GpuRecordings> recordings)
        : graph_(valid(graph))
        , check_shapes_(graph_)
        , precision_(options.precision)
        , type_(scalar_type(options.precision))
        , recordings_(std::move(recordings)) {
        if (recordings_ != nullptr) number_ = recordings_->cache.new_network();
        const c10::InferenceMode inference;
        steps_ = compile_steps(graph_, weights, find_device(options.device), type_);
        for (const auto &step : steps_) {
            nodes_.push_back(step.step.node);
            if (step.kind != CompiledStep::Kind::normalise)
                dense_.insert(step.step.inputs.begin(), step.step.inputs.end());
        }
    }

    TorchExecutable(const TorchExecutable &) = delete;
    TorchExecutable &operator=(const TorchExecutable &) = delete;
    ~TorchExecutable() override {
        if (recordings_ != nullptr) recordings_->cache.forget(number_);
    }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs, const StepFunction &tell) override {
        return guarded([&] {
            const auto work = check_shapes_(inputs);
            const c10::InferenceMode inference;
            Tensors given;
            for (const TensorPtr &each : inputs) given.push_back(unwrap(*each));
            const auto launch = [&] {
                Teller teller(tell, *work, nodes_);
                return compute(given, &teller);
            };
            std::vector<TensorPtr> out;
            for (at::Tensor &each : recordings_ == nullptr ? launch() : recorded(given, launch, [&] {
                     Teller(tell, *work, nodes_).before();
                 }))
                out.push_back(wrap(std::move(each)));
            return out;
        });
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    /// @param teller  null: nobody is told, and nothing looked at
    [[nodiscard]] Tensors compute(const Tensors &inputs, Teller *teller) const {
        std::map<std::string, at::Tensor> values;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const auto &name = graph_.inputs[i].name;
            values[name] =
                dense_.contains(name) ? inputs[i].contiguous(at::MemoryFormat::ChannelsLast) : inputs[i];
        }
        Pass pass(std::move(values), type_, nullptr);
        for (const auto &step : steps_) {
            if (teller != nullptr) {
                teller->before();
                check_device_memory();
            }
            pass.run(step);
        }
        Tensors out;
        for (const auto &output : graph_.outputs) out.push_back(pass.value(output.source).to(at::kFloat));
        return out;
    }

    /// By the recordings of the device.
    Tensors recorded(const Tensors &inputs, const std::function<Tensors()> &launch,
                     const std::function<void()> &look) {
        cuda::GraphCache::Key key{number_, {}};
        for (const at::Tensor &each : inputs)
            key.extents.insert(key.extents.end(), each.sizes().begin(), each.sizes().end());
        const auto expected = [&] {
            std::map<std::string, g::Shape> shapes;
            for (std::size_t i = 0; i < inputs.size(); ++i)
                shapes[graph_.inputs[i].name] = inputs[i].sizes().vec();
            return estimate_memory(graph_, shapes, precision_).tensors;
        };
        const auto again = [this](const Tensors &given) { return compute(given, nullptr); };
        return run_recorded(*recordings_, {std::move(key), inputs, launch, again, expected, look});
    }

    g::Graph graph_;
    ShapeCheck check_shapes_;
    const Precision precision_;
    at::ScalarType type_;
    const std::shared_ptr<GpuRecordings> recordings_;
    std::uint64_t number_ = 0; ///< in these
    std::vector<CompiledStep> steps_;
    std::vector<std::size_t> nodes_; ///< of these
    std::set<std::string> dense_; ///< values that are read by more than `normalise`, which takes any format
};

class TorchDifferentiable final : public Differentiable {
  public:
    TorchDifferentiable(const g::Graph &graph, const WeightSource &weights, const std::string &device)
        : graph_(valid(graph))
        , check_shapes_(graph_) {
        const at::NoGradGuard no_grad;
        steps_ = compile_differentiable(graph_, weights, find_device(device));
    }

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream, const StepFunction &tell) override {
        return guarded([&] {
            const auto work = check(inputs, output, input);
            const c10::InferenceMode no_inference(false);
            const at::NoGradGuard no_grad;
            const auto &name = graph_.outputs[output].source;
            Tape tape(graph_.inputs[input].name);
            const auto needed = needed_for(name);
            Teller teller(tell, *work, there_and_back(needed));
            const auto y = forward(inputs, name, needed, tape, teller);
            const auto given = upstream(wrap(y));
            if (given == nullptr || given->shape() != y.sizes().vec())
                throw Error(ErrorCode::mismatch,
                            "the gradient that was given does not have the shape of the output",
                            graph_.outputs[output].name);
            // Tensors of the inference mode take no part in autograd; copies of them do.
            const auto gradient = tape.back(name, unwrap(*given).clone(), [&teller] {
                teller.before();
                check_device_memory();
            });
            return wrap(gradient.defined() ? gradient.contiguous(at::MemoryFormat::ChannelsLast)
                                           : at::zeros(inputs[input]->shape(), y.options()));
        });
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    ShapeCheck::Work check(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input) {
        if (inputs.size() != graph_.inputs.size() || output >= graph_.outputs.size() ||
            input >= inputs.size())
            throw Error(ErrorCode::mismatch, "the graph has no such inputs or output", graph_.name);
        return check_shapes_(inputs);
    }

    /// The nodes of these steps, and again from the last to the first.
    [[nodiscard]] std::vector<std::size_t> there_and_back(const std::set<std::size_t> &needed) const {
        std::vector<std::size_t> nodes;
        for (const auto i : needed) nodes.push_back(steps_[i].step.node);
        for (std::size_t i = nodes.size(); i-- > 0;) nodes.push_back(nodes[i]);
        return nodes;
    }

    /// Runs what `wanted` is computed from.
    at::Tensor forward(std::span<const TensorPtr> inputs, const std::string &wanted,
                       const std::set<std::size_t> &needed, Tape &tape, Teller &teller) const {
        std::map<std::string, at::Tensor> values;
        for (std::size_t i = 0; i < inputs.size(); ++i)
            values[graph_.inputs[i].name] =
                unwrap(*inputs[i])
                    .clone(inputs[i]->shape().size() == 4 ? at::MemoryFormat::ChannelsLast
                                                          : at::MemoryFormat::Contiguous);
        Pass pass(std::move(values), at::kFloat, &tape);
        for (const auto i : needed) {
            teller.before();
            check_device_memory();
            pass.run(steps_[i]);
        }
        return pass.value(wanted);
    }

    [[nodiscard]] std::set<std::size_t> needed_for(const std::string &value) const {
        std::set<std::string> wanted{value};
        std::set<std::size_t> needed;
        for (std::size_t i = steps_.size(); i-- > 0;) {
            const auto &step = steps_[i].step;
            if (!wanted.contains(step.result)) continue;
            wanted.insert(step.inputs.begin(), step.inputs.end());
            needed.insert(i);
        }
        return needed;
    }

    g::Graph graph_;
    ShapeCheck check_shapes_;
    std::vector<CompiledStep> steps_;
};

} // namespace

std::shared_ptr<Executable> make_executable(const g::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options,
                                            std::shared_ptr<GpuRecordings> recordings) {
    return std::make_shared<TorchExecutable>(graph, weights, options, std::move(recordings));
}

std::shared_ptr<Differentiable> make_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                    const std::string &device) {
    return std::make_shared<TorchDifferentiable>(graph, weights, device);
}

} // namespace mirra::runtime
