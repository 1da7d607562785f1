#include "runtime/onednn/convolution.hpp"

#include "mirra/graph.hpp"

#include <algorithm>

namespace mirra::runtime::onednn {
namespace {

namespace g = mirra::graph;
using Tag = dnnl::memory::format_tag;
using Data = dnnl::memory::data_type;
using Dims = dnnl::memory::dims;
using Algorithm = dnnl::algorithm;

bool transposed(const g::Node &node) {
    return node.op == g::Op::conv_transpose2d;
}

constexpr auto kUse = dnnl::prop_kind::forward_inference;

/// Where a convolution's kernel stands, as oneDNN takes it.
struct Window {
    explicit Window(const g::Node &node) {
        const auto both = [](std::int64_t value) { return Dims{value, value}; };
        const auto padding = node.integer("padding");
        stride = both(node.integer("stride"));
        dilation = both(transposed(node) ? 0 : node.integer("dilation") - 1);
        before = both(padding);
        behind = both(transposed(node) ? padding - node.integer("output_padding") : padding);
    }
    Dims stride, dilation, before, behind;
};

/// See follows_convolution() in sdk/runtime/plan/program.cpp.
void append_curve(dnnl::post_ops &operations, const g::Node &curve) {
    if (curve.op == g::Op::silu)
        operations.append_eltwise(Algorithm::eltwise_swish, 1, 0);
    else if (curve.op == g::Op::leaky_relu)
        operations.append_eltwise(Algorithm::eltwise_relu, static_cast<float>(curve.real("slope")), 0);
    else
        operations.append_eltwise(curve.integer("approximate") == 1 ? Algorithm::eltwise_gelu_tanh
                                                                    : Algorithm::eltwise_gelu_erf,
                                  0, 0);
}

dnnl::primitive_attr attributes(const Following &after) {
    dnnl::post_ops operations;
    if (after.sum) operations.append_sum();
    if (after.curve != nullptr) append_curve(operations, *after.curve);
    if (after.relu) operations.append_eltwise(Algorithm::eltwise_relu, 0, 0);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

bool alike(const Following &a, const Following &b) {
    return a.sum == b.sum && a.relu == b.relu && a.curve == b.curve;
}

} // namespace

Convolution::Convolution(g::Node node, std::vector<float> weight, std::vector<float> bias, Type type)
    : node_(std::move(node))
    , weight_(std::move(weight))
    , bias_(std::move(bias))
    , type_(type) {
    if (!bias_.empty())
        bias_memory_ = {
            {{static_cast<std::int64_t>(bias_.size())}, Data::f32, Tag::x}, processor(), bias_.data()};
}

g::Shape Convolution::result_shape(const g::Shape &input) const {
    return g::op_info(node_.op).shape.value(node_, {&input, 1});
}

dnnl::memory::desc Convolution::plain_weight() const {
    const auto in = node_.integer("in_channels"), out = node_.integer("out_channels"),
               kernel = node_.integer("kernel");
    if (transposed(node_)) return {{out, in, kernel, kernel}, Data::f32, Tag::iohw};
    const auto groups = node_.integer("groups");
    if (groups == 1) return {{out, in, kernel, kernel}, Data::f32, Tag::oihw};
    return {{groups, out / groups, in / groups, kernel, kernel}, Data::f32, Tag::goihw};
}

dnnl::memory::desc Convolution::any_weight() const {
    return {plain_weight().get_dims(), type_ == Type::f32 ? Data::f32 : Data::bf16, Tag::any};
}

dnnl::convolution_forward::primitive_desc
Convolution::forwards(const dnnl::memory::desc &from, const dnnl::memory::desc &to,
                      const dnnl::primitive_attr &attributes) const {
    const Window window(node_);
    return {processor(),
            kUse,
            Algorithm::convolution_direct,
            from,
            any_weight(),
            bias_descriptor(),
            to,
            window.stride,
            window.dilation,
            window.before,
            window.behind,
            attributes};
}

dnnl::deconvolution_forward::primitive_desc
Convolution::upwards(const dnnl::memory::desc &from, const dnnl::memory::desc &to,
                     const dnnl::primitive_attr &attributes) const {
    const Window window(node_);
    return {processor(),
            kUse,
            Algorithm::deconvolution_direct,
            from,
            any_weight(),
            bias_descriptor(),
            to,
            window.stride,
            window.dilation,
            window.before,
            window.behind,
            attributes};
}

dnnl::memory::desc Convolution::bias_descriptor() const {
    return bias_.empty() ? dnnl::memory::desc() : bias_memory_.get_desc();
}

dnnl::memory Convolution::packed(const dnnl::memory::desc &wanted) {
    const auto found =
        std::ranges::find_if(packed_, [&](const dnnl::memory &each) { return each.get_desc() == wanted; });
    if (found != packed_.end()) {
        packed_.splice(packed_.begin(), packed_, found);
        return packed_.front();
    }
    const dnnl::memory from(plain_weight(), processor(), weight_.data());
    dnnl::memory to(wanted, processor());
    onednn::execute(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    packed_.push_front(to);
    if (packed_.size() > std::min(steps_, std::size_t{kPackedSizes})) packed_.pop_back();
    return to;
}

Convolution::Prepared Convolution::prepare(const Block &x, const Block &result, const Following &after) {
    const auto made = [&](const auto &description, const dnnl::primitive &primitive) {
        return Prepared{x.shape(),
                        result.type(),
                        after,
                        primitive,
                        description.scratchpad_desc(),
                        packed(description.weights_desc())};
    };
    if (transposed(node_)) {
        const auto description = upwards(x.descriptor(), result.descriptor(), attributes(after));
        return made(description, dnnl::deconvolution_forward(description));
    }
    const auto description = forwards(x.descriptor(), result.descriptor(), attributes(after));
    return made(description, dnnl::convolution_forward(description));
}

Convolution::Prepared Convolution::prepare_back(const Block &given, const Block &gradient) {
    const auto weight = any_weight(), from = given.descriptor(), to = gradient.descriptor();
    const auto attributes = onednn::attributes({});
    const auto made = [&](const auto &description, const dnnl::primitive &primitive) {
        return Prepared{gradient.shape(),
                        gradient.type(),
                        {},
                        primitive,
                        description.scratchpad_desc(),
                        packed(description.weights_desc())};
    };
    const Window window(node_);
    if (transposed(node_)) {
        const dnnl::deconvolution_backward_data::primitive_desc description(
            processor(), Algorithm::deconvolution_direct, to, weight, from, window.stride, window.dilation,
            window.before, window.behind, upwards(to, from, {}), attributes);
        return made(description, dnnl::deconvolution_backward_data(description));
    }
    const dnnl::convolution_backward_data::primitive_desc description(
        processor(), Algorithm::convolution_direct, to, weight, from, window.stride, window.dilation,
        window.before, window.behind, forwards(to, from, {}), attributes);
    return made(description, dnnl::convolution_backward_data(description));
}

template<class Make>
Convolution::Prepared Convolution::prepared(std::list<Prepared> &all, const g::Shape &input, Type result,
                                            const Following &after, const Make &make) {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(all, [&](const Prepared &each) {
        return each.input == input && each.result == result && alike(each.after, after);
    });
    if (found != all.end()) {
        all.splice(all.begin(), all, found);
    } else {
        all.push_front(make());
        if (all.size() > steps_ * kPackedSizes) all.pop_back();
    }
    return all.front();
}

void Convolution::execute(const Prepared &prepared, std::unordered_map<int, dnnl::memory> arguments) {
    arguments[DNNL_ARG_WEIGHTS] = prepared.weight;
    Block scratch;
    if (const auto bytes = prepared.scratch.get_size(); bytes > 0) {
        scratch = Block::make({1, static_cast<std::int64_t>((bytes + 3) / 4)}, Type::f32);
        arguments[DNNL_ARG_SCRATCHPAD] = {prepared.scratch, processor(), scratch.data()};
    }
    onednn::execute(prepared.primitive, arguments);
}

void Convolution::run(const Block &x, const Block &result, const Following &after) {
    const auto now =
        prepared(prepared_, x.shape(), result.type(), after, [&] { return prepare(x, result, after); });
    std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, x.memory()},
                                                    {DNNL_ARG_DST, result.memory()}};
    if (!bias_.empty()) arguments[DNNL_ARG_BIAS] = bias_memory_;
    execute(now, std::move(arguments));
}

Block Convolution::back(const Block &given, const g::Shape &input) {
    Block gradient = Block::make(input, Type::f32);
    const auto now = prepared(backward_, input, Type::f32, {}, [&] { return prepare_back(given, gradient); });
    execute(now, {{DNNL_ARG_DIFF_DST, given.memory()}, {DNNL_ARG_DIFF_SRC, gradient.memory()}});
    return gradient;
}

} // namespace mirra::runtime::onednn
