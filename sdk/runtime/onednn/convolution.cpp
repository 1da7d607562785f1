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

Dims both(std::int64_t value) {
    return {value, value};
}

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

dnnl::memory Convolution::packed(const dnnl::memory::desc &wanted) {
    const auto found =
        std::ranges::find_if(packed_, [&](const dnnl::memory &each) { return each.get_desc() == wanted; });
    if (found != packed_.end()) {
        packed_.splice(packed_.begin(), packed_, found);
        return packed_.front();
    }
    const dnnl::memory from(plain_weight(), processor(), weight_.data());
    dnnl::memory to(wanted, processor());
    execute(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    packed_.push_front(to);
    if (packed_.size() > std::min(steps_, std::size_t{kPackedSizes})) packed_.pop_back();
    return to;
}

Convolution::Prepared Convolution::prepare(const Block &x, const Block &result, const Following &after) {
    const auto padding = node_.integer("padding"), stride = node_.integer("stride");
    const auto type = type_ == Type::f32 ? Data::f32 : Data::bf16;
    auto weight = plain_weight();
    weight = dnnl::memory::desc(weight.get_dims(), type, Tag::any);
    const auto bias = bias_.empty() ? dnnl::memory::desc() : bias_memory_.get_desc();
    const auto from = x.descriptor(), to = result.descriptor();
    const auto made = [&](const auto &description) {
        using Description = std::decay_t<decltype(description)>;
        dnnl::primitive primitive;
        if constexpr (std::is_same_v<Description, dnnl::convolution_forward::primitive_desc>)
            primitive = dnnl::convolution_forward(description);
        else
            primitive = dnnl::deconvolution_forward(description);
        return Prepared{x.shape(),
                        result.type(),
                        after,
                        primitive,
                        description.scratchpad_desc(),
                        packed(description.weights_desc())};
    };
    constexpr auto kUse = dnnl::prop_kind::forward_inference;
    if (transposed(node_))
        return made(dnnl::deconvolution_forward::primitive_desc(
            processor(), kUse, Algorithm::deconvolution_direct, from, weight, bias, to, both(stride), both(0),
            both(padding), both(padding - node_.integer("output_padding")), attributes(after)));
    return made(dnnl::convolution_forward::primitive_desc(
        processor(), kUse, Algorithm::convolution_direct, from, weight, bias, to, both(stride),
        both(node_.integer("dilation") - 1), both(padding), both(padding), attributes(after)));
}

Convolution::Prepared Convolution::prepared(const Block &x, const Block &result, const Following &after) {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find_if(prepared_, [&](const Prepared &each) {
        return each.input == x.shape() && each.result == result.type() && alike(each.after, after);
    });
    if (found != prepared_.end()) {
        prepared_.splice(prepared_.begin(), prepared_, found);
    } else {
        prepared_.push_front(prepare(x, result, after));
        if (prepared_.size() > steps_ * kPackedSizes) prepared_.pop_back();
    }
    return prepared_.front();
}

void Convolution::run(const Block &x, const Block &result, const Following &after) {
    const Prepared now = prepared(x, result, after);
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, x.memory()}, {DNNL_ARG_WEIGHTS, now.weight}, {DNNL_ARG_DST, result.memory()}};
    if (!bias_.empty()) arguments[DNNL_ARG_BIAS] = bias_memory_;
    Block scratch;
    if (const auto bytes = now.scratch.get_size(); bytes > 0) {
        scratch = Block::make({1, static_cast<std::int64_t>((bytes + 3) / 4)}, Type::f32);
        arguments[DNNL_ARG_SCRATCHPAD] = {now.scratch, processor(), scratch.data()};
    }
    execute(now.primitive, arguments);
}

} // namespace mirra::runtime::onednn
