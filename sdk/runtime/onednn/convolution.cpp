#include "runtime/onednn/convolution.hpp"

#include "mirra/graph.hpp"

#include <algorithm>
#include <cmath>
#include <exception>

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

std::int64_t padding_behind(const g::Node &node) {
    return node.integer("padding") - (transposed(node) ? node.integer("output_padding") : 0);
}

/// Where a convolution's kernel stands, as oneDNN takes it.
struct Window {
    Window(const g::Node &node, std::int64_t above, std::int64_t below) {
        const auto both = [](std::int64_t value) { return Dims{value, value}; };
        stride = both(node.integer("stride"));
        dilation = both(transposed(node) ? 0 : node.integer("dilation") - 1);
        before = {above, node.integer("padding")};
        behind = {below, padding_behind(node)};
    }
    Dims stride, dilation, before, behind;
};

/// Values {N, C, H, W} whose channels lie side by side, wherever they are.
dnnl::memory::desc description_of(const g::Shape &shape, Type type) {
    return {shape, type == Type::f32 ? Data::f32 : Data::bf16, Tag::nhwc};
}

/// Where a row begins, counted over all images.
void *first_of(const Block &block, std::int64_t row) {
    return block.type() == Type::f32 ? static_cast<void *>(block.row<float>(row)) : block.row<Bf16>(row);
}

/// While alive, what oneDNN makes is for so many threads.
class MadeFor {
  public:
    explicit MadeFor(int threads) : outer_(omp_get_max_threads()) { omp_set_num_threads(threads); }
    MadeFor(const MadeFor &) = delete;
    MadeFor &operator=(const MadeFor &) = delete;
    ~MadeFor() { omp_set_num_threads(outer_); }

  private:
    const int outer_;
};

/// What the threads of a parallel region have thrown: it must not leave them.
class Thrown {
  public:
    template<class Body> void guard(const Body &body) noexcept {
        try {
            body();
        } catch (...) {
            const std::scoped_lock lock(mutex_);
            if (!first_) first_ = std::current_exception();
        }
    }
    void rethrow() const {
        if (first_) std::rethrow_exception(first_);
    }

  private:
    std::mutex mutex_;
    std::exception_ptr first_;
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
                                                             const dnnl::memory::desc &to, const Edges &edges,
                                                             const dnnl::primitive_attr &attributes) const {
    const Window window(node_, edges.above, edges.below);
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

bool Convolution::Wanted::is_like(const Wanted &other) const {
    return input == other.input && edges == other.edges && rows == other.rows && result == other.result &&
           alike(after, other.after) && threads == other.threads;
}

Convolution::Edges Convolution::edges() const {
    return {node_.integer("padding"), padding_behind(node_)};
}

template<class Description>
Convolution::Prepared Convolution::made(const Wanted &wanted, const Description &description,
                                        const dnnl::primitive &primitive) {
    return {wanted, primitive, description.scratchpad_desc(), packed(description.weights_desc())};
}

template<class Kind> Convolution::Prepared Convolution::prepare(const Wanted &wanted) {
    const MadeFor threads(wanted.threads);
    g::Shape result = result_shape(wanted.input);
    result[2] = wanted.rows;
    const auto description =
        forwards<Kind>(description_of(wanted.input, type_), description_of(result, wanted.result),
                       wanted.edges, attributes(wanted.after));
    return made(wanted, description, typename Kind::Forward(description));
}

template<class Kind> Convolution::Prepared Convolution::prepare_back(const Wanted &wanted) {
    const auto from = description_of(result_shape(wanted.input), Type::f32),
               to = description_of(wanted.input, Type::f32);
    const Window window(node_, wanted.edges.above, wanted.edges.below);
    const typename Kind::Backward::primitive_desc description(
        processor(), Kind::algorithm, to, any_weight(), from, window.stride, window.dilation, window.before,
        window.behind, forwards<Kind>(to, from, wanted.edges, {}), attributes({}));
    return made(wanted, description, typename Kind::Backward(description));
}

template<class Make>
Convolution::Prepared Convolution::prepared(std::list<Prepared> &all, const Wanted &wanted,
                                            const Make &make) {
    constexpr std::size_t kKinds = 3; // of bands: the first, the last, those between
    const std::scoped_lock lock(mutex_);
    const auto found =
        std::ranges::find_if(all, [&](const Prepared &each) { return each.wanted.is_like(wanted); });
    if (found != all.end()) {
        all.splice(all.begin(), all, found);
    } else {
        all.push_front(make());
        if (all.size() > steps_ * kPackedSizes * kKinds) all.pop_back();
    }
    return all.front();
}

Convolution::Prepared Convolution::forward(const Wanted &wanted) {
    return prepared(prepared_, wanted, [&] {
        return transposed(node_) ? prepare<Transposed>(wanted) : prepare<Straight>(wanted);
    });
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

std::int64_t Convolution::reach() const {
    return (node_.integer("kernel") - 1) * node_.integer("dilation") + 1;
}

std::int64_t Convolution::band_rows(const Block &result) const {
    // Bands are worth the start of a primitive, and so many that a thread which is held up holds up nobody.
    constexpr std::int64_t kBandsOfThread = 8, kLeastRows = 8;
    constexpr double kLeastWork = 2e7; // multiplications
    const std::int64_t threads = omp_get_max_threads();
    if (transposed(node_) || threads == 1) return 0;
    const auto kernel = node_.integer("kernel");
    if (node_.integer("padding") >= reach()) return 0; // there are rows that read nothing but zeros
    const auto row = static_cast<double>(result.channels() * result.width() * kernel * kernel *
                                         (node_.integer("in_channels") / node_.integer("groups")));
    const auto least = std::max(kLeastRows, static_cast<std::int64_t>(std::ceil(kLeastWork / row)));
    const auto rows = std::max(least, result.rows() / (threads * kBandsOfThread));
    return result.images() * (result.height() / rows) < 2 * threads ? 0 : rows;
}

struct Convolution::Bands {
    struct Band {
        std::size_t kind;
        std::int64_t from, to; ///< rows that they begin with, over all images
    };
    std::vector<Prepared> kinds;
    std::vector<Band> all;

    [[nodiscard]] std::size_t scratch_bytes() const {
        std::size_t most = 0;
        for (const Prepared &kind : kinds) most = std::max(most, kind.scratch.get_size());
        return most;
    }
};

Convolution::Bands Convolution::cut(const Block &x, const Block &result, const Following &after,
                                    std::int64_t rows) {
    const auto stride = node_.integer("stride"), padding = node_.integer("padding");
    Bands bands;
    const auto kind_of = [&](const Wanted &wanted) {
        const auto found = std::ranges::find_if(
            bands.kinds, [&](const Prepared &kind) { return kind.wanted.is_like(wanted); });
        const auto index = static_cast<std::size_t>(found - bands.kinds.begin());
        if (found == bands.kinds.end()) bands.kinds.push_back(forward(wanted));
        return index;
    };
    for (std::int64_t image = 0; image < x.images(); ++image)
        for (std::int64_t first = 0; first < result.height(); first += rows) {
            const auto count = std::min(rows, result.height() - first);
            const auto top = first * stride - padding, end = (first + count - 1) * stride - padding + reach();
            const auto begin = std::max<std::int64_t>(top, 0);
            const g::Shape input{1, x.channels(), std::min(end, x.height()) - begin, x.width()};
            const Edges edges{begin - top, std::max<std::int64_t>(end - x.height(), 0)};
            bands.all.push_back({kind_of({input, edges, count, result.type(), after, 1}),
                                 image * x.height() + begin, image * result.height() + first});
        }
    return bands;
}

void Convolution::run_band(const Prepared &kind, void *from, void *to, const Block &result,
                           float *scratch) const {
    g::Shape given = result.shape();
    given[0] = 1;
    given[2] = kind.wanted.rows;
    std::unordered_map<int, dnnl::memory> arguments{
        {DNNL_ARG_SRC, {description_of(kind.wanted.input, type_), processor(), from}},
        {DNNL_ARG_DST, {description_of(given, result.type()), processor(), to}},
        {DNNL_ARG_WEIGHTS, kind.weight},
        {DNNL_ARG_SCRATCHPAD, {kind.scratch, processor(), scratch}}};
    if (!bias_.empty()) arguments[DNNL_ARG_BIAS] = bias_memory_;
    onednn::execute(kind.primitive, arguments);
}

void Convolution::run_in_bands(const Block &x, const Block &result, const Following &after,
                               std::int64_t rows) {
    const Bands bands = cut(x, result, after, rows);
    const auto threads = std::min(omp_get_max_threads(), static_cast<int>(bands.all.size()));
    const auto each =
        static_cast<std::int64_t>(bands.scratch_bytes() / sizeof(float) + 16); // apart in caches
    const Block scratch = Block::make({threads, each}, Type::f32);
    Thrown thrown;
#pragma omp parallel for num_threads(threads) schedule(dynamic)
    for (std::size_t i = 0; i < bands.all.size(); ++i)
        thrown.guard([&] {
            const auto &[kind, from, to] = bands.all[i];
            run_band(bands.kinds[kind], first_of(x, from), first_of(result, to), result,
                     scratch.row<float>(omp_get_thread_num()));
        });
    thrown.rethrow();
}

void Convolution::run(const Block &x, const Block &result, const Following &after) {
    if (result.type() == Type::f32 && after.curve == nullptr)
        if (const auto *filter = winograd_for(x)) return run_winograd(*filter, x, result, after);
    if (const auto rows = band_rows(result); rows > 0) return run_in_bands(x, result, after, rows);
    const auto now =
        forward({x.shape(), edges(), result.height(), result.type(), after, omp_get_max_threads()});
    std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, x.memory()},
                                                    {DNNL_ARG_DST, result.memory()}};
    if (!bias_.empty()) arguments[DNNL_ARG_BIAS] = bias_memory_;
    execute(now, std::move(arguments));
}

Block Convolution::back(const Block &given, const g::Shape &input) {
    Block gradient = Block::make(input, Type::f32);
    const Wanted wanted{input, edges(), given.height(), Type::f32, {}, omp_get_max_threads()};
    const auto now = prepared(backward_, wanted, [&] {
        return transposed(node_) ? prepare_back<Transposed>(wanted) : prepare_back<Straight>(wanted);
    });
    execute(now, {{DNNL_ARG_DIFF_DST, given.memory()}, {DNNL_ARG_DIFF_SRC, gradient.memory()}});
    return gradient;
}

} // namespace mirra::runtime::onednn
