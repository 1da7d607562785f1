// The kernels behind the op table: one a name of MIRRA_GRAPH_OPS, which is a function here.
#include "runtime/onednn/ops.hpp"

#include "mirra/error.hpp"
#include "runtime/onednn/pooling.hpp"
#include "runtime/onednn/row_kernels.hpp"
#include "runtime/onednn/windows.hpp"
#include "runtime/rows/bilinear_rows.hpp"
#include "runtime/rows/haar_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <omp.h>

namespace mirra::runtime::onednn {
namespace {

namespace g = mirra::graph;

struct Call {
    const g::Node &node;
    std::span<Block> inputs;
    const Weights &weights;
    [[nodiscard]] Block &x() const { return inputs[0]; }
    [[nodiscard]] std::int64_t integer(const char *key) const { return node.integer(key); }
    /// Empty where the node has none.
    [[nodiscard]] std::span<const float> weight(const char *role) const {
        const auto found = weights.find(role);
        return found == weights.end() ? std::span<const float>() : found->second;
    }
    [[nodiscard]] g::Shape result_shape() const {
        std::vector<g::Shape> shapes;
        for (const auto &input : inputs) shapes.push_back(input.shape());
        return g::op_info(node.op).shape.value(node, shapes);
    }
};

/// The block itself where its memory may be written over, or else one like it.
Block like(const Block &x) {
    return x.dense() && x.owned() ? x : Block::make(x.shape(), x.type());
}

template<class T> Pixels<const T> read(const Block &x, std::int64_t row) {
    return {x.row<T>(row), x.pixel_stride()};
}
template<class T> Pixels<T> written(const Block &y, std::int64_t row) {
    return {y.row<T>(row), y.pixel_stride()};
}

template<class T, int channels>
void copy_few_channels(Pixels<const T> in, Pixels<T> out, std::int64_t width) {
    for (std::int64_t x = 0; x < width; ++x, in.values += in.stride, out.values += out.stride)
        for (int c = 0; c < channels; ++c) out.values[c] = in.values[c];
}

/// Some channels of a row of pixels to where others lie beside them.
template<class T>
void copy_pixels(Pixels<const T> in, Pixels<T> out, std::int64_t width, std::int64_t channels) {
    if (channels == 1) return copy_few_channels<T, 1>(in, out, width);
    if (channels == 3) return copy_few_channels<T, 3>(in, out, width);
    for (std::int64_t x = 0; x < width; ++x, in.values += in.stride, out.values += out.stride)
        std::copy_n(in.values, channels, out.values);
}

/// body(value of the type, row) for all rows of y.
/// @param reads  values that are read for each that is written
template<class Body> void for_rows_of(const Block &y, const Body &body, std::int64_t reads = 1) {
    with_type(y.type(), [&](auto value) {
        for_each_row(y.rows(), y.width() * y.channels() * reads, [&](std::int64_t row) { body(value, row); });
    });
}

/// A function that oneDNN has, in place where that may be.
Block curve(Block x, dnnl::algorithm algorithm, float alpha = 0) {
    if (!x.dense()) x = x.as(x.type());
    const Block y = like(x);
    const dnnl::eltwise_forward::primitive_desc description(
        processor(), dnnl::prop_kind::forward_inference, algorithm, x.descriptor(), y.descriptor(), alpha, 0);
    execute(dnnl::eltwise_forward(description), {{DNNL_ARG_SRC, x.memory()}, {DNNL_ARG_DST, y.memory()}});
    return y;
}

Block bent(const Block &x, std::span<const float> slopes) {
    const Block y = like(x);
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        prelu_row(read<T>(x, row), slopes.data(), written<T>(y, row), x.width(), x.channels());
    });
    return y;
}

Partner partner_of(const g::Shape &a, const g::Shape &b) {
    if (a == b) return Partner::value;
    return b[1] == a[1] && b[2] == 1 && b[3] == 1 ? Partner::channel : Partner::place;
}

/// Row of `b` that goes with one of `a`.
std::int64_t partner_row(Partner partner, const Block &a, std::int64_t row) {
    return partner == Partner::channel ? row / a.height() : row;
}

template<class Row> Block paired(Block a, Block b, const Row &row_kernel) {
    const auto type = a.type() == b.type() ? a.type() : Type::f32;
    const auto partner = partner_of(a.shape(), b.shape());
    if (a.type() != type) a = a.as(type);
    if (b.type() != type) b = b.as(type);
    const bool over_second = partner == Partner::value && !a.owned() && b.owned() && b.dense();
    const Block y = over_second ? b : like(a);
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        row_kernel(read<T>(a, row), read<T>(b, partner_row(partner, a, row)), partner, written<T>(y, row),
                   a.width(), a.channels());
    });
    return y;
}

/// Copies the pixels of x that source(row, column) names.
template<class Source> Block gathered(const Block &x, const g::Shape &shape, const Source &source) {
    const Block y = Block::make(shape, x.type());
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const std::int64_t image = row / y.height(), line = row % y.height();
        for (std::int64_t column = 0; column < y.width(); ++column) {
            const auto [from_line, from_column] = source(line, column);
            std::memcpy(static_cast<void *>(y.template row<T>(row) + column * y.pixel_stride()),
                        x.template row<T>(image * x.height() + from_line) + from_column * x.pixel_stride(),
                        sizeof(T) * static_cast<std::size_t>(y.channels()));
        }
    });
    return y;
}

using Place = std::pair<std::int64_t, std::int64_t>;

/// @param rows, columns  window(place) along an axis, within x
/// @param reduce  (window of pixels, out)
template<class Windows, class Reduce>
Block pooled(const Block &x, const g::Shape &shape, const Windows &rows, const Windows &columns,
             const Reduce &reduce) {
    const Block y = Block::make(shape, x.type());
    const auto pool = [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const Bounds down = rows(row % y.height());
        const std::int64_t first = row / y.height() * x.height() + down.begin;
        const T *const top = x.template row<T>(first);
        const auto row_stride = down.end - down.begin > 1 ? x.template row<T>(first + 1) - top : 0;
        for (std::int64_t column = 0; column < y.width(); ++column) {
            const Bounds across = columns(column);
            const Window<T> window{top + across.begin * x.pixel_stride(), down.end - down.begin,
                                   across.end - across.begin, row_stride, x.pixel_stride()};
            reduce(window, y.template row<T>(row) + column * y.channels());
        }
    };
    for_rows_of(y, pool, area_of(rows(y.height() / 2), columns(y.width() / 2)));
    return y;
}

Block mean_of_parts(const Call &c) {
    const auto shape = c.result_shape();
    return pooled(c.x(), shape, Dividing{c.x().height(), shape[2]}, Dividing{c.x().width(), shape[3]},
                  [&](const auto &window, auto *out) {
                      sum_up(window, 1 / static_cast<float>(window.rows * window.columns), out, shape[1]);
                  });
}

template<class T>
void normalise_pixel(const T *in, T *out, std::span<const float> weight, std::span<const float> bias,
                     double epsilon) {
    double mean = 0, square = 0;
    const auto count = static_cast<double>(weight.size());
    for (std::size_t c = 0; c < weight.size(); ++c) mean += static_cast<double>(static_cast<float>(in[c]));
    mean /= count;
    for (std::size_t c = 0; c < weight.size(); ++c) {
        const double away = static_cast<double>(static_cast<float>(in[c])) - mean;
        square += away * away;
    }
    const auto scale = static_cast<float>(1 / std::sqrt(square / count + epsilon));
    const auto middle = static_cast<float>(mean);
    for (std::size_t c = 0; c < weight.size(); ++c)
        out[c] = T((static_cast<float>(in[c]) - middle) * scale * weight[c] + bias[c]);
}

[[noreturn]] Block refuse_convolution(const Call &c) {
    throw Error(ErrorCode::internal, "a convolution is no op of this table", c.node.name);
}

struct ChannelMap {
    std::vector<float> scale, offset;
};

/// Of (x - mean) / deviation.
ChannelMap normalisation(const g::Node &node, std::int64_t channels) {
    const auto &mean = node.reals("mean"), &deviation = node.reals("deviation");
    ChannelMap map;
    for (std::int64_t i = 0; i < channels; ++i) {
        const auto at = mean.size() == 1 ? 0 : static_cast<std::size_t>(i);
        map.scale.push_back(static_cast<float>(1 / deviation[at]));
        map.offset.push_back(static_cast<float>(-mean[at] / deviation[at]));
    }
    return map;
}

/// x * scale + offset, in the type of x.
Block affine_like(const Block &x, std::span<const float> scale, std::span<const float> offset) {
    const Block y = like(x);
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        affine_row(read<T>(x, row), scale.data(), offset.data(), written<T>(y, row), x.width(), x.channels());
    });
    return y;
}

namespace kernels {

Block conv2d(const Call &c) {
    refuse_convolution(c);
}
Block conv_transpose2d(const Call &c) {
    refuse_convolution(c);
}

Block batch_norm(const Call &c) {
    const auto weight = c.weight("weight"), bias = c.weight("bias"), mean = c.weight("running_mean"),
               variance = c.weight("running_var");
    std::vector<float> scale(weight.size()), offset(weight.size());
    for (std::size_t i = 0; i < weight.size(); ++i) {
        const double factor = weight[i] / std::sqrt(variance[i] + c.node.real("epsilon"));
        scale[i] = static_cast<float>(factor);
        offset[i] = static_cast<float>(bias[i] - factor * mean[i]);
    }
    return affine_like(c.x(), scale, offset);
}

Block layer_norm(const Call &c) {
    const Block y = like(c.x());
    const auto weight = c.weight("weight"), bias = c.weight("bias");
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        for (std::int64_t column = 0; column < y.width(); ++column)
            normalise_pixel(c.x().template row<T>(row) + column * c.x().pixel_stride(),
                            y.template row<T>(row) + column * y.pixel_stride(), weight, bias,
                            c.node.real("epsilon"));
    });
    return y;
}

Block scale(const Call &c) {
    const auto weight = c.weight("weight"), bias = c.weight("bias");
    const std::vector<float> none(bias.empty() ? weight.size() : 0);
    return affine_like(c.x(), weight, bias.empty() ? std::span<const float>(none) : bias);
}

Block prelu(const Call &c) {
    return bent(c.x(), c.weight("weight"));
}

/// In fp32, whatever the input is in.
Block linear(const Call &c) {
    const Block x = c.x().as(Type::f32), y = Block::make(c.result_shape(), Type::f32);
    const auto in = c.integer("in_channels"), out = c.integer("out_channels");
    using Memory = dnnl::memory;
    const auto weight = c.weight("weight"), bias = c.weight("bias");
    const Memory::desc weights({in, out}, Memory::data_type::f32, Memory::format_tag::ba),
        biases({1, out}, Memory::data_type::f32, Memory::format_tag::ab);
    std::unordered_map<int, Memory> arguments{
        {DNNL_ARG_SRC, x.memory()},
        {DNNL_ARG_WEIGHTS, Memory(weights, processor(), const_cast<float *>(weight.data()))},
        {DNNL_ARG_DST, y.memory()}};
    if (!bias.empty())
        arguments[DNNL_ARG_BIAS] = Memory(biases, processor(), const_cast<float *>(bias.data()));
    const dnnl::matmul::primitive_desc description(processor(), x.descriptor(), weights,
                                                   bias.empty() ? Memory::desc() : biases, y.descriptor());
    execute(dnnl::matmul(description), arguments);
    return c.x().type() == Type::f32 ? y : y.as(c.x().type());
}

Block relu(const Call &c) {
    return bent(c.x(), std::vector<float>(static_cast<std::size_t>(c.x().channels()), 0.0F));
}
Block leaky_relu(const Call &c) {
    return bent(c.x(), std::vector<float>(static_cast<std::size_t>(c.x().channels()),
                                          static_cast<float>(c.node.real("slope"))));
}
Block tanh(const Call &c) {
    return curve(std::move(c.x()), dnnl::algorithm::eltwise_tanh);
}
Block sigmoid(const Call &c) {
    return curve(std::move(c.x()), dnnl::algorithm::eltwise_logistic);
}
Block silu(const Call &c) {
    return curve(std::move(c.x()), dnnl::algorithm::eltwise_swish, 1);
}
Block gelu(const Call &c) {
    return curve(std::move(c.x()), c.integer("approximate") == 1 ? dnnl::algorithm::eltwise_gelu_tanh
                                                                 : dnnl::algorithm::eltwise_gelu_erf);
}

Block max_pool(const Call &c) {
    return pooled(c.x(), c.result_shape(), Sliding(c.node, c.x().height()), Sliding(c.node, c.x().width()),
                  [&](const auto &window, auto *out) { keep_greatest(window, out, c.x().channels()); });
}
/// What lies beyond the edges counts as zeros.
Block avg_pool(const Call &c) {
    const auto factor = 1 / static_cast<float>(c.integer("kernel") * c.integer("kernel"));
    return pooled(c.x(), c.result_shape(), Sliding(c.node, c.x().height()), Sliding(c.node, c.x().width()),
                  [&](const auto &window, auto *out) { sum_up(window, factor, out, c.x().channels()); });
}
Block global_avg_pool(const Call &c) {
    return mean_of_parts(c);
}
Block adaptive_avg_pool(const Call &c) {
    return mean_of_parts(c);
}

/// Row-major over C, H, W.
Block flatten(const Call &c) {
    const Block x = c.x().as(c.x().type()), y = Block::make(c.result_shape(), x.type());
    const auto type = x.descriptor().get_data_type();
    const dnnl::memory to({x.shape(), type, dnnl::memory::format_tag::nchw}, processor(), y.data());
    reorder(x.memory(), to);
    return y;
}

Block concat(const Call &c) {
    const bool wide = std::ranges::any_of(c.inputs, [](const Block &x) { return x.type() == Type::f32; });
    const auto type = wide ? Type::f32 : Type::bf16;
    const Block y = Block::make(c.result_shape(), type);
    std::int64_t channel = 0;
    for (const auto &input : c.inputs) {
        const Block x = input.type() == type ? input : input.as(type);
        const Block part = y.channel_range(channel, channel + x.channels());
        channel += x.channels();
        for_rows_of(part, [&](auto value, std::int64_t row) {
            using T = decltype(value);
            copy_pixels<T>(read<T>(x, row), written<T>(part, row), x.width(), x.channels());
        });
    }
    return y;
}

Block add(const Call &c) {
    return onednn::add(std::move(c.inputs[0]), std::move(c.inputs[1]));
}
Block multiply(const Call &c) {
    return paired(std::move(c.inputs[0]), std::move(c.inputs[1]),
                  [](auto a, auto b, Partner partner, auto y, std::int64_t width, std::int64_t channels) {
                      multiply_row(a, b, partner, y, width, channels);
                  });
}

Block channel_slice(const Call &c) {
    return c.x().channel_range(c.integer("begin"), c.integer("end"));
}
Block crop(const Call &c) {
    const auto shape = c.result_shape();
    return c.x().window(c.integer("top"), c.integer("left"), shape[2], shape[3]);
}

Block upsample_nearest(const Call &c) {
    const auto factor = c.integer("factor");
    return gathered(c.x(), c.result_shape(),
                    [factor](std::int64_t i, std::int64_t j) { return Place{i / factor, j / factor}; });
}
Block reflection_pad(const Call &c) {
    const auto top = c.integer("top"), left = c.integer("left");
    const auto height = c.x().height(), width = c.x().width();
    return gathered(c.x(), c.result_shape(), [=](std::int64_t i, std::int64_t j) {
        return Place{reflected(i - top, height), reflected(j - left, width)};
    });
}

Block upsample_bilinear(const Call &c) {
    const Block x = c.x().as(c.x().type()), y = Block::make(c.result_shape(), x.type());
    const auto factor = c.integer("factor");
    const auto down = taps_of(x.height(), factor), across = taps_of(x.width(), factor);
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const auto &tap = down[static_cast<std::size_t>(row % y.height())];
        const auto first = row / y.height() * x.height();
        blend_row(const_cast<const T *>(x.template row<T>(first + tap.low)),
                  const_cast<const T *>(x.template row<T>(first + tap.high)), tap.share,
                  y.template row<T>(row), across.data(), y.width(), y.channels());
    });
    return y;
}

Block pixel_shuffle(const Call &c) {
    const Block &x = c.x(), y = Block::make(c.result_shape(), x.type());
    const auto factor = c.integer("factor"), channels = y.channels();
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const auto line = row % y.height();
        const T *in = x.template row<T>(row / y.height() * x.height() + line / factor);
        T *out = y.template row<T>(row);
        for (std::int64_t column = 0; column < y.width(); ++column)
            for (std::int64_t k = 0; k < channels; ++k)
                out[column * channels + k] = in[column / factor * x.pixel_stride() +
                                                (k * factor + line % factor) * factor + column % factor];
    });
    return y;
}
Block pixel_unshuffle(const Call &c) {
    const Block &x = c.x(), y = Block::make(c.result_shape(), x.type());
    const auto factor = c.integer("factor"), channels = y.channels();
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const auto image = row / y.height(), line = row % y.height();
        T *out = y.template row<T>(row);
        for (std::int64_t k = 0; k < channels; ++k) {
            const T *in = x.template row<T>(image * x.height() + line * factor + k / factor % factor) +
                          k % factor * x.pixel_stride() + k / (factor * factor);
            for (std::int64_t column = 0; column < y.width(); ++column)
                out[column * channels + k] = in[column * factor * x.pixel_stride()];
        }
    });
    return y;
}

Block normalise(const Call &c) {
    const auto [scale, offset] = normalisation(c.node, c.x().channels());
    return affine(c.x(), scale, offset);
}

Block haar_analysis(const Call &c) {
    const Block x = c.x().pixel_stride() == c.x().channels() ? c.x() : c.x().as(c.x().type());
    const Block y = Block::make(c.result_shape(), x.type());
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        using Bits = std::conditional_t<std::is_same_v<T, float>, float, std::uint16_t>;
        const auto first = row / y.height() * x.height() + row % y.height() * 2;
        haar_analysis_row(reinterpret_cast<const Bits *>(x.template row<T>(first)),
                          reinterpret_cast<const Bits *>(x.template row<T>(first + 1)),
                          reinterpret_cast<Bits *>(y.template row<T>(row)), y.width(), x.channels());
    });
    return y;
}
Block haar_synthesis(const Call &c) {
    const Block x = c.x().pixel_stride() == c.x().channels() ? c.x() : c.x().as(c.x().type());
    const Block y = Block::make(c.result_shape(), x.type());
    for_rows_of(x, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        using Bits = std::conditional_t<std::is_same_v<T, float>, float, std::uint16_t>;
        const auto first = row / x.height() * y.height() + row % x.height() * 2;
        haar_synthesis_row(reinterpret_cast<const Bits *>(x.template row<T>(row)),
                           reinterpret_cast<Bits *>(y.template row<T>(first)),
                           reinterpret_cast<Bits *>(y.template row<T>(first + 1)), x.width(), y.channels());
    });
    return y;
}

} // namespace kernels

using OpKernel = Block (*)(const Call &);
#define MIRRA_KERNEL(name) kernels::name,
constexpr std::array<OpKernel, g::kOpCount> kKernels{MIRRA_GRAPH_OPS(MIRRA_KERNEL)};
#undef MIRRA_KERNEL

} // namespace

Block apply_op(const g::Node &node, std::span<Block> inputs, const Weights &weights) {
    return kKernels.at(static_cast<std::size_t>(node.op))({node, inputs, weights});
}

Block affine(const Block &x, std::span<const float> scale, std::span<const float> offset) {
    const Block y = x.type() == Type::f32 ? like(x) : Block::make(x.shape(), Type::f32);
    for_each_row(x.rows(), x.width() * x.channels(), [&](std::int64_t row) {
        if (x.type() == Type::f32)
            affine_row(read<float>(x, row), scale.data(), offset.data(), written<float>(y, row), x.width(),
                       x.channels());
        else
            affine_row(read<Bf16>(x, row), scale.data(), offset.data(), written<float>(y, row), x.width(),
                       x.channels());
    });
    return y;
}

Block add(Block a, Block b) {
    return paired(std::move(a), std::move(b),
                  [](auto first, auto second, Partner partner, auto y, std::int64_t width,
                     std::int64_t channels) { add_row(first, second, partner, y, width, channels); });
}

Block relu(Block x) {
    return bent(x, std::vector<float>(static_cast<std::size_t>(x.channels()), 0.0F));
}

Block sigmoid(Block x) {
    if (x.type() != Type::f32) x = x.as(Type::f32);
    return curve(std::move(x), dnnl::algorithm::eltwise_logistic);
}

Block filter_three_channels(const Block &x, const ThreeChannelFilter &filter, bool relu) {
    constexpr std::int64_t kRowsOfPiece = 4 * ThreeChannelFilter::kRowsAtOnce;
    const Block y = Block::make(x.shape(), x.type());
    const auto pieces = (x.rows() + kRowsOfPiece - 1) / kRowsOfPiece;
    const auto threads = std::min<std::int64_t>(omp_get_max_threads(), pieces);
    const Block scratch = Block::make({threads, ThreeChannelFilter::scratch(x.width())}, Type::f32);
    const auto run = [&](auto pictures) {
#pragma omp parallel for num_threads(static_cast<int>(threads)) schedule(dynamic)
        for (std::int64_t piece = 0; piece < pieces; ++piece)
            filter.run(pictures, piece * kRowsOfPiece, std::min(x.rows(), (piece + 1) * kRowsOfPiece), relu,
                       scratch.row<float>(omp_get_thread_num()));
    };
    const auto pictures_of = [&]<class T>(T) {
        return ThreeChannelPictures<T>{static_cast<const T *>(x.data()), static_cast<T *>(y.data()),
                                       x.height(), x.width()};
    };
    x.type() == Type::f32 ? run(pictures_of(float())) : run(pictures_of(Bf16()));
    return y;
}

Block join_phases(const Block &phases, std::int64_t channels) {
    const Block y =
        Block::make({phases.images(), channels, 2 * phases.height(), 2 * phases.width()}, phases.type());
    for_rows_of(y, [&](auto value, std::int64_t row) {
        using T = decltype(value);
        const T *in = phases.template row<T>(row / 2) + row % 2 * 2 * channels;
        T *out = y.template row<T>(row);
        for (std::int64_t i = 0; i < phases.width(); ++i)
            std::copy_n(in + i * phases.pixel_stride(), 2 * channels, out + i * 2 * channels);
    });
    return y;
}

} // namespace mirra::runtime::onednn
