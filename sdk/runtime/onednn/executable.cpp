// Runs compiled steps one after the other on the calling thread, so that what they allocate is its arena's.
#include "runtime/onednn/executable.hpp"

#include "mirra/error.hpp"
#include "runtime/onednn/compile.hpp"
#include "runtime/plan/running.hpp"

#include <algorithm>
#include <new>

namespace mirra::runtime::onednn {
namespace {

namespace g = mirra::graph;

/// Calls `body`; what oneDNN throws becomes an Error.
template<typename Body> auto guarded(Body &&body) {
    try {
        return body();
    } catch (const dnnl::error &error) {
        if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
        throw Error(error.status == dnnl_unimplemented ? ErrorCode::unsupported : ErrorCode::internal,
                    std::string("oneDNN: ") + error.what());
    } catch (const std::bad_alloc &) {
        throw Error(ErrorCode::out_of_memory, "out of memory", "memory", "set a memory limit");
    }
}

Type type_of(const CompileOptions &options) {
    if (options.device != "cpu" && !options.device.starts_with("cuda"))
        throw Error(ErrorCode::invalid_argument, "unknown device '" + options.device + "'", "device",
                    "use cpu");
    if (options.device != "cpu")
        throw Error(ErrorCode::device, "this runtime knows the processor alone, not " + options.device,
                    "device", "use the device cpu, or install the runtime over LibTorch");
    if (options.precision == Precision::fp16)
        throw Error(ErrorCode::unsupported, "this runtime computes in fp32 and bf16, not in fp16",
                    "precision");
    return options.precision == Precision::bf16 ? Type::bf16 : Type::f32;
}

const g::Graph &valid(const g::Graph &graph) {
    g::validate(graph);
    return graph;
}

/// One pass: the values alive, channels-last, in place where nobody reads on.
class Pass {
  public:
    Pass(const Compiled &compiled, std::span<const TensorPtr> inputs) : values_(compiled.places) {
        for (std::size_t i = 0; i < inputs.size(); ++i) values_[i] = Block::of(inputs[i]);
    }

    void run(const CompiledStep &step) {
        std::vector<Block> inputs = take(step);
        Block result = compute(step, inputs);
        inputs.clear();
        for (const auto place : step.released) values_[place] = Block();
        values_[step.result] = std::move(result);
    }

    [[nodiscard]] const Block &value(std::size_t place) const { return values_[place]; }

  private:
    /// The step's inputs. One that nobody reads on is taken out of the pass, so that the step owns it.
    std::vector<Block> take(const CompiledStep &step) {
        std::vector<Block> inputs;
        inputs.reserve(step.inputs.size());
        for (const auto place : step.inputs) {
            const bool last = std::ranges::find(step.released, place) != step.released.end() &&
                              std::ranges::count(step.inputs, place) == 1;
            inputs.push_back(last ? std::move(values_[place]) : values_[place]);
        }
        return inputs;
    }

    static Block compute(const CompiledStep &step, std::vector<Block> &inputs) {
        if (step.convolution) return convolve(step, inputs);
        if (step.image_range) return sigmoid(std::move(inputs[0]));
        return apply_op(step.kernel, inputs, step.weights);
    }

    static Block convolve(const CompiledStep &step, std::vector<Block> &inputs) {
        Convolution &convolution = *step.convolution;
        const Following after{.relu = step.relu && !step.addend,
                              .curve = step.curve ? &*step.curve : nullptr};
        const Block x = inputs[0].as(convolution.type());
        inputs[0] = Block();
        const auto shape = convolution.result_shape(x.shape());
        if (step.addend) return convolve_and_add(step, x, shape, inputs[1]);
        const Block y = Block::make(shape, convolution.type());
        convolution.run(x, y, after);
        return step.phases_of > 0 ? join_phases(y, step.phases_of) : y;
    }

    static Block convolve_and_add(const CompiledStep &step, const Block &x, const g::Shape &shape,
                                  Block &addend) {
        Convolution &convolution = *step.convolution;
        if (addend.shape() == shape) {
            const Block sum = addend.own(addend.type());
            addend = Block();
            convolution.run(x, sum, {.sum = true, .relu = step.relu});
            return sum;
        }
        const Block y = Block::make(shape, convolution.type());
        convolution.run(x, y, {});
        const bool first = addend.count() > y.count();
        Block sum = first ? add(std::move(addend), y) : add(y, std::move(addend));
        return step.relu ? relu(std::move(sum)) : sum;
    }

    std::vector<Block> values_;
};

class OnednnExecutable final : public Executable {
  public:
    OnednnExecutable(const g::Graph &graph, const WeightSource &weights, Type type)
        : graph_(valid(graph))
        , check_shapes_(graph_)
        , compiled_(compile(graph_, weights, type)) {
        for (const auto &step : compiled_.steps) nodes_.push_back(step.node);
    }

    std::vector<TensorPtr> run(std::span<const TensorPtr> inputs, const StepFunction &tell) override {
        return guarded([&] {
            const auto work = check_shapes_(inputs);
            Teller teller(tell, *work, nodes_);
            Pass pass(compiled_, inputs);
            for (const auto &step : compiled_.steps) {
                teller.before();
                pass.run(step);
            }
            std::vector<TensorPtr> out;
            for (const auto place : compiled_.outputs) out.push_back(pass.value(place).tensor());
            return out;
        });
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    g::Graph graph_;
    ShapeCheck check_shapes_;
    Compiled compiled_;
    std::vector<std::size_t> nodes_;
};

} // namespace

std::shared_ptr<Executable> make_executable(const g::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options) {
    const Type type = type_of(options);
    return guarded([&] { return std::make_shared<OnednnExecutable>(graph, weights, type); });
}

} // namespace mirra::runtime::onednn
