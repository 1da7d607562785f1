#include "runtime/onednn/convolution.hpp"

#include "mirra/graph.hpp"

#include <algorithm>

#include <omp.h>

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

/// oneDNN's classes for the two kinds of convolution.
struct Straight {
    using Forward = dnnl::convolution_forward;
    using Backward = dnnl::convolution_backward_data;
    static constexpr auto algorithm = Algorithm::convolution_direct;
};
struct Transposed {
    using Forward = dnnl::deconvolution_forward;
    using Backward = dnnl::deconvolution_backward_data;
    static constexpr auto algorithm = Algorithm::deconvolution_direct;
};

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

Convolution::Convolution(g::Node node, std::vector<float> weight, std::vector<float> bias, Type type,
                         bool by_winograd)
    : node_(std::move(node))
    , weight_(std::move(weight))
    , bias_(std::move(bias))
    , type_(type)
    , by_winograd_(by_winograd) {
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

template<class Kind>
typename Kind::Forward::primitive_desc Convolution::forwards(const dnnl::memory::desc &from,
                                                             const dnnl::memory::desc &to,
                                                             const dnnl::primitive_attr &attributes) const {
    const Window window(node_);
    return {processor(), kUse,          Kind::algorithm, from,          any_weight(),  bias_descriptor(),
            to,          window.stride, window.dilation, window.before, window.behind, attributes};
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
    reorder(from, to);
    packed_.push_front(to);
    if (packed_.size() > std::min(steps_, std::size_t{kPackedSizes})) packed_.pop_back();
    return to;
}

template<class Description>
Convolution::Prepared Convolution::made(const Block &input, const Block &result, const Following &after,
                                        const Description &description, const dnnl::primitive &primitive) {
    return {input.shape(),
            result.type(),
            after,
            primitive,
            description.scratchpad_desc(),
            packed(description.weights_desc())};
}

template<class Kind>
Convolution::Prepared Convolution::prepare(const Block &x, const Block &result, const Following &after) {
    const auto description = forwards<Kind>(x.descriptor(), result.descriptor(), attributes(after));
    return made(x, result, after, description, typename Kind::Forward(description));
}

template<class Kind>
Convolution::Prepared Convolution::prepare_back(const Block &given, const Block &gradient) {
    const auto from = given.descriptor(), to = gradient.descriptor();
    const Window window(node_);
    const typename Kind::Backward::primitive_desc description(
        processor(), Kind::algorithm, to, any_weight(), from, window.stride, window.dilation, window.before,
        window.behind, forwards<Kind>(to, from, {}), attributes({}));
    return made(gradient, gradient, {}, description, typename Kind::Backward(description));
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

const WinogradFilter *Convolution::winograd_for(const Block &x) {
    if (!by_winograd_ || !WinogradFilter::pays(x.height(), x.width())) return nullptr;
    const std::scoped_lock lock(mutex_);
    if (!winograd_)
        winograd_.emplace(weight_, bias_, node_.integer("in_channels"), node_.integer("out_channels"));
    return &*winograd_;
}

void Convolution::run_winograd(const WinogradFilter &filter, const Block &x, const Block &result,
                               const Following &after) {
    const auto parts = x.images() * WinogradFilter::parts(x.height(), x.width());
    const auto threads = std::min<std::int64_t>(omp_get_max_threads(), parts);
    const auto each = WinogradFilter::scratch(x.channels(), result.channels());
    const Block scratch = Block::make({threads, each}, Type::f32);
    float *const out = result.row<float>(0);
    const WinogradPictures pictures{x.row<float>(0), out,       after.sum ? out : nullptr,
                                    x.height(),      x.width(), after.relu};
#pragma omp parallel for num_threads(static_cast<int>(threads)) schedule(dynamic)
    for (std::int64_t part = 0; part < parts; ++part)
        filter.run(pictures, part, scratch.row<float>(omp_get_thread_num()));
}

void Convolution::run(const Block &x, const Block &result, const Following &after) {
    if (result.type() == Type::f32 && after.curve == nullptr)
        if (const auto *filter = winograd_for(x)) return run_winograd(*filter, x, result, after);
    const auto now = prepared(prepared_, x.shape(), result.type(), after, [&] {
        return transposed(node_) ? prepare<Transposed>(x, result, after)
                                 : prepare<Straight>(x, result, after);
    });
    std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, x.memory()},
                                                    {DNNL_ARG_DST, result.memory()}};
    if (!bias_.empty()) arguments[DNNL_ARG_BIAS] = bias_memory_;
    execute(now, std::move(arguments));
}

Block Convolution::back(const Block &given, const g::Shape &input) {
    Block gradient = Block::make(input, Type::f32);
    const auto now = prepared(backward_, input, Type::f32, {}, [&] {
        return transposed(node_) ? prepare_back<Transposed>(given, gradient)
                                 : prepare_back<Straight>(given, gradient);
    });
    execute(now, {{DNNL_ARG_DIFF_DST, given.memory()}, {DNNL_ARG_DIFF_SRC, gradient.memory()}});
    return gradient;
}

} // namespace mirra::runtime::onednn
