// Runs compiled steps one after the other on the calling thread, so that what they allocate is its arena's.
#include "runtime/onednn/executable.hpp"

#include "mirra/error.hpp"
#include "runtime/onednn/adjoint.hpp"
#include "runtime/onednn/compile.hpp"
#include "runtime/plan/running.hpp"

#include <algorithm>
#include <new>
#include <set>

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

void check_device(const std::string &device) {
    if (device != "cpu" && !device.starts_with("cuda"))
        throw Error(ErrorCode::invalid_argument, "unknown device '" + device + "'", "device", "use cpu");
    if (device != "cpu")
        throw Error(ErrorCode::device, "this runtime knows the processor alone, not " + device, "device",
                    "use the device cpu, or install the runtime over LibTorch");
}

Type type_of(const CompileOptions &options) {
    check_device(options.device);
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
    [[nodiscard]] const std::vector<Block> &values() const { return values_; }

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
        if (step.filter) return filter_three_channels(inputs[0].as(step.type), *step.filter, step.relu);
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

/// What a pass forward leaves of a step for the way back.
struct Trace {
    std::vector<g::Shape> shapes; ///< of the inputs
    std::vector<Block> inputs;    ///< those that the way back reads; empty ones else
    Block result;                 ///< likewise
};

/// The way back of one pass: gradients by place of the value. For one thread.
class WayBack {
  public:
    /// @param input  place of the one that the gradient is wanted for
    WayBack(const Compiled &compiled, std::size_t input)
        : compiled_(compiled)
        , traces_(compiled.steps.size()) {
        following_.insert(input);
    }

    /// Before the step is run: its inputs are there.
    void remember(std::size_t index, const std::vector<Block> &values) {
        const auto &step = compiled_.steps[index];
        const bool follows = std::ranges::any_of(
            step.inputs, [this](std::size_t place) { return following_.contains(place); });
        if (!follows) return;
        following_.insert(step.result);
        const bool kept = !step.convolution && !step.image_range && reads_of(step.kernel.op).inputs;
        for (const auto place : step.inputs) {
            traces_[index].shapes.push_back(values[place].shape());
            traces_[index].inputs.push_back(kept ? values[place] : Block());
        }
    }
    /// After it.
    void remember_result(std::size_t index, const Block &result) {
        const auto &step = compiled_.steps[index];
        const bool kept = step.convolution ? step.relu : step.image_range || reads_of(step.kernel.op).result;
        if (kept && following_.contains(step.result)) traces_[index].result = result;
    }

    /// Starts with the gradient of an output.
    void give(std::size_t place, Block gradient) { add_to(place, std::move(gradient)); }
    void back(std::size_t index) {
        const auto &step = compiled_.steps[index];
        const auto found = gradients_.find(step.result);
        if (found == gradients_.end() || !following_.contains(step.result)) return;
        Block given = std::move(found->second);
        gradients_.erase(found);
        Trace trace = std::move(traces_[index]);
        if (step.convolution) return back_through_convolution(step, trace, std::move(given));
        if (step.image_range) return add_to(step.inputs[0], sigmoid_adjoint(given, trace.result));
        for (std::size_t i = 0; i < step.inputs.size(); ++i)
            if (following_.contains(step.inputs[i]))
                add_to(
                    step.inputs[i],
                    adjoint({step.kernel, trace.shapes, trace.inputs, trace.result, step.weights}, i, given));
    }
    /// Empty where the input has no influence.
    [[nodiscard]] Block gradient(std::size_t place) const {
        const auto found = gradients_.find(place);
        return found == gradients_.end() ? Block() : found->second;
    }

  private:
    void back_through_convolution(const CompiledStep &step, Trace &trace, Block given) {
        if (step.relu) given = masked(std::move(given), trace.result);
        trace.result = Block();
        const auto own = step.convolution->result_shape(trace.shapes[0]);
        Block for_addend;
        if (step.addend && following_.contains(step.inputs[1]))
            for_addend = summed_to(given, trace.shapes[1]);
        if (following_.contains(step.inputs[0]))
            add_to(step.inputs[0], step.convolution->back(summed_to(given, own), trace.shapes[0]));
        given = Block();
        if (step.addend && following_.contains(step.inputs[1])) add_to(step.inputs[1], std::move(for_addend));
    }

    void add_to(std::size_t place, Block gradient) {
        const auto [at, added] = gradients_.try_emplace(place);
        if (added)
            at->second = std::move(gradient);
        else
            at->second = add(std::move(at->second), std::move(gradient));
    }

    const Compiled &compiled_;
    std::vector<Trace> traces_;
    std::set<std::size_t> following_; ///< places that the input has an influence on
    std::map<std::size_t, Block> gradients_;
};

class OnednnDifferentiable final : public Differentiable {
  public:
    OnednnDifferentiable(const g::Graph &graph, const WeightSource &weights)
        : graph_(valid(graph))
        , check_shapes_(graph_)
        , compiled_(compile(graph_, weights, Type::f32, true)) {}

    TensorPtr gradient(std::span<const TensorPtr> inputs, std::size_t output, std::size_t input,
                       const Upstream &upstream, const StepFunction &tell) override {
        if (output >= graph_.outputs.size() || input >= graph_.inputs.size())
            throw Error(ErrorCode::mismatch, "the graph has no such input or output", graph_.name);
        return guarded([&] {
            const auto work = check_shapes_(inputs);
            const auto place = compiled_.outputs[output];
            const auto needed = needed_for(place);
            Teller teller(tell, *work, there_and_back(needed));
            WayBack way(compiled_, input);
            const Block y = forward(inputs, place, needed, way, teller);
            const auto given = upstream(y.tensor());
            if (given == nullptr || given->shape() != y.shape())
                throw Error(ErrorCode::mismatch,
                            "the gradient that was given does not have the shape of the output",
                            graph_.outputs[output].name);
            way.give(place, Block::of(given));
            for (std::size_t i = needed.size(); i-- > 0;) {
                teller.before();
                way.back(needed[i]);
            }
            const Block gradient = way.gradient(input);
            return gradient.data() != nullptr ? gradient.tensor() : nothing(inputs[input]->shape());
        });
    }

    [[nodiscard]] const g::Graph &graph() const override { return graph_; }

  private:
    static TensorPtr nothing(const g::Shape &shape) {
        const auto zeros = make_plain(shape, Layout::nhwc);
        std::ranges::fill(zeros->values(), 0.0F);
        return zeros;
    }

    /// The nodes of these steps, and again from the last to the first.
    [[nodiscard]] std::vector<std::size_t> there_and_back(const std::vector<std::size_t> &needed) const {
        std::vector<std::size_t> nodes;
        for (const auto i : needed) nodes.push_back(compiled_.steps[i].node);
        for (std::size_t i = nodes.size(); i-- > 0;) nodes.push_back(nodes[i]);
        return nodes;
    }

    /// Runs what `wanted` is computed from.
    Block forward(std::span<const TensorPtr> inputs, std::size_t wanted,
                  const std::vector<std::size_t> &needed, WayBack &way, Teller &teller) const {
        Pass pass(compiled_, inputs);
        for (const auto i : needed) {
            teller.before();
            way.remember(i, pass.values());
            pass.run(compiled_.steps[i]);
            way.remember_result(i, pass.value(compiled_.steps[i].result));
        }
        return pass.value(wanted);
    }

    /// Of the steps, in their order, those that a value is computed from.
    [[nodiscard]] std::vector<std::size_t> needed_for(std::size_t value) const {
        std::set<std::size_t> wanted{value};
        std::vector<std::size_t> needed;
        for (std::size_t i = compiled_.steps.size(); i-- > 0;) {
            const auto &step = compiled_.steps[i];
            if (!wanted.contains(step.result)) continue;
            wanted.insert(step.inputs.begin(), step.inputs.end());
            needed.push_back(i);
        }
        std::ranges::reverse(needed);
        return needed;
    }

    g::Graph graph_;
    ShapeCheck check_shapes_;
    Compiled compiled_;
};

} // namespace

std::shared_ptr<Executable> make_executable(const g::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options) {
    const Type type = type_of(options);
    return guarded([&] { return std::make_shared<OnednnExecutable>(graph, weights, type); });
}

std::shared_ptr<Differentiable> make_differentiable(const g::Graph &graph, const WeightSource &weights,
                                                    const std::string &device) {
    check_device(device);
    return guarded([&] { return std::make_shared<OnednnDifferentiable>(graph, weights); });
}

} // namespace mirra::runtime::onednn
