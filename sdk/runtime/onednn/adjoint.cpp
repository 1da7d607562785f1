#include "runtime/onednn/adjoint.hpp"

#include "mirra/error.hpp"
#include "runtime/onednn/windows.hpp"
#include "runtime/rows/bilinear_rows.hpp"
#include "runtime/rows/haar_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace mirra::runtime::onednn {
namespace {

namespace g = mirra::graph;

struct Back {
    const Passed &passed;
    std::size_t input;
    const Block &given;

    [[nodiscard]] const g::Node &node() const { return passed.node; }
    [[nodiscard]] std::int64_t integer(const char *key) const { return passed.node.integer(key); }
    [[nodiscard]] const Block &x() const { return passed.inputs[0]; }
    [[nodiscard]] const g::Shape &shape() const { return passed.shapes[input]; }
    [[nodiscard]] const std::vector<float> &weight(const char *role) const { return passed.weights.at(role); }
};

Block zeros(const g::Shape &shape) {
    Block made = Block::make(shape, Type::f32);
    std::memset(made.data(), 0, static_cast<std::size_t>(made.count()) * sizeof(float));
    return made;
}

float *pixel(const Block &block, std::int64_t row, std::int64_t column) {
    return block.row<float>(row) + column * block.pixel_stride();
}

/// given * factor(value, channel), value by value.
template<class Factor> Block scaled(const Block &given, const Block &values, const Factor &factor) {
    const Block out = Block::make(given.shape(), Type::f32);
    for_each_row(out.rows(), out.width() * out.channels(), [&](std::int64_t row) {
        for (std::int64_t column = 0; column < out.width(); ++column) {
            const float *in = pixel(given, row, column), *value = pixel(values, row, column);
            float *to = pixel(out, row, column);
            for (std::int64_t c = 0; c < out.channels(); ++c) to[c] = in[c] * factor(value[c], c);
        }
    });
    return out;
}

Block by_channel(const Block &given, std::span<const float> factors) {
    return affine(given, factors, std::vector<float>(factors.size()));
}

/// Adds each pixel of `given` to where(row, column) of the input, all channels at once.
template<class Where> Block scattered(const Back &b, const Where &where) {
    const Block out = zeros(b.shape());
    // Images are apart, their rows need not be.
    for_each_row(out.images(), out.count() / out.images(), [&](std::int64_t image) {
        for (std::int64_t line = 0; line < b.given.height(); ++line)
            for (std::int64_t column = 0; column < b.given.width(); ++column) {
                const float *from = pixel(b.given, image * b.given.height() + line, column);
                where(line, column, [&](std::int64_t row, std::int64_t place, float share) {
                    float *to = pixel(out, image * out.height() + row, place);
                    for (std::int64_t c = 0; c < out.channels(); ++c) to[c] += share * from[c];
                });
            }
    });
    return out;
}

/// A mean over the rows and columns of a window.
template<class Rows, class Columns, class Area>
Block spread(const Back &b, const Rows &rows, const Columns &columns, const Area &area) {
    return scattered(b, [&](std::int64_t i, std::int64_t j, const auto &put) {
        const Bounds down = rows(i), across = columns(j);
        const float share = 1 / static_cast<float>(area(down, across));
        for (auto row = down.begin; row < down.end; ++row)
            for (auto column = across.begin; column < across.end; ++column) put(row, column, share);
    });
}

Block spread_evenly(const Back &b) {
    return spread(b, Dividing{b.shape()[2], b.given.height()}, Dividing{b.shape()[3], b.given.width()},
                  area_of);
}

/// A place of one shuffled picture and the channel that it comes from: visit(row, column, channel of the
/// picture, row, column, channel of the blocks).
template<class Visit>
void for_shuffled(const Block &picture, std::int64_t factor, std::int64_t line, const Visit &visit) {
    for (std::int64_t column = 0; column < picture.width(); ++column)
        for (std::int64_t c = 0; c < picture.channels(); ++c)
            visit(column, c, line / factor, column / factor,
                  (c * factor + line % factor) * factor + column % factor);
}

double normal_sum(const float *values, std::int64_t count) {
    double sum = 0;
    for (std::int64_t c = 0; c < count; ++c) sum += static_cast<double>(values[c]);
    return sum;
}

namespace adjoints {

[[noreturn]] Block refuse(const Back &b) {
    throw Error(ErrorCode::internal, "a convolution has no way back here", b.node().name);
}
Block conv2d(const Back &b) {
    refuse(b);
}
Block conv_transpose2d(const Back &b) {
    refuse(b);
}

Block batch_norm(const Back &b) {
    std::vector<float> factors = b.weight("weight");
    for (std::size_t i = 0; i < factors.size(); ++i)
        factors[i] =
            static_cast<float>(factors[i] / std::sqrt(b.weight("running_var")[i] + b.node().real("epsilon")));
    return by_channel(b.given, factors);
}

Block linear(const Back &b) {
    const auto in = b.integer("in_channels"), out = b.integer("out_channels");
    using Memory = dnnl::memory;
    const Block gradient = Block::make(b.shape(), Type::f32);
    const Memory::desc weights({out, in}, Memory::data_type::f32, Memory::format_tag::ab);
    const dnnl::matmul::primitive_desc description(processor(), b.given.descriptor(), weights,
                                                   gradient.descriptor());
    execute(dnnl::matmul(description),
            {{DNNL_ARG_SRC, b.given.memory()},
             {DNNL_ARG_WEIGHTS, Memory(weights, processor(), const_cast<float *>(b.weight("weight").data()))},
             {DNNL_ARG_DST, gradient.memory()}});
    return gradient;
}

Block relu(const Back &b) {
    return masked(b.given, b.passed.result);
}
Block leaky_relu(const Back &b) {
    const auto slope = static_cast<float>(b.node().real("slope"));
    return scaled(b.given, b.x(), [slope](float x, std::int64_t) { return x > 0 ? 1.0F : slope; });
}
Block prelu(const Back &b) {
    const auto &slopes = b.weight("weight");
    return scaled(b.given, b.x(), [&](float x, std::int64_t c) {
        return x > 0 ? 1.0F : slopes[static_cast<std::size_t>(c)];
    });
}
Block tanh(const Back &b) {
    return scaled(b.given, b.passed.result, [](float y, std::int64_t) { return 1 - y * y; });
}
Block sigmoid(const Back &b) {
    return sigmoid_adjoint(b.given, b.passed.result);
}
Block silu(const Back &b) {
    return scaled(b.given, b.x(), [](float x, std::int64_t) {
        const float s = 1 / (1 + std::exp(-x));
        return s * (1 + x * (1 - s));
    });
}
Block gelu(const Back &b) {
    constexpr float kRoot = 0.7978845608F, kCube = 0.044715F; // the square root of 2 / pi
    if (b.integer("approximate") != 1)
        return scaled(b.given, b.x(), [](float x, std::int64_t) {
            return 0.5F * (1 + std::erf(x * 0.7071067812F)) + x * 0.5F * kRoot * std::exp(-x * x / 2);
        });
    return scaled(b.given, b.x(), [](float x, std::int64_t) {
        const float bent = std::tanh(kRoot * (x + kCube * x * x * x));
        return 0.5F * (1 + bent) + 0.5F * x * (1 - bent * bent) * kRoot * (1 + 3 * kCube * x * x);
    });
}

Block max_pool(const Back &b) {
    const Block &x = b.x(), out = zeros(b.shape());
    const Sliding rows(b.node(), x.height()), columns(b.node(), x.width());
    for_each_row(out.images(), out.count() / out.images(), [&](std::int64_t image) {
        for (std::int64_t i = 0; i < b.given.height(); ++i)
            for (std::int64_t j = 0; j < b.given.width(); ++j)
                for (std::int64_t c = 0; c < out.channels(); ++c) {
                    const Bounds down = rows(i), across = columns(j);
                    std::int64_t best_row = -1, best_column = -1;
                    float best = 0;
                    for (auto row = down.begin; row < down.end; ++row)
                        for (auto column = across.begin; column < across.end; ++column) {
                            const float value = pixel(x, image * x.height() + row, column)[c];
                            if (best_row >= 0 && !(value > best) && !std::isnan(value)) continue;
                            best = value;
                            best_row = row;
                            best_column = column;
                        }
                    if (best_row >= 0)
                        pixel(out, image * out.height() + best_row, best_column)[c] +=
                            pixel(b.given, image * b.given.height() + i, j)[c];
                }
    });
    return out;
}
Block avg_pool(const Back &b) {
    const auto kernel = b.integer("kernel");
    return spread(b, Sliding(b.node(), b.shape()[2]), Sliding(b.node(), b.shape()[3]),
                  [kernel](const Bounds &, const Bounds &) { return kernel * kernel; });
}
Block global_avg_pool(const Back &b) {
    return spread_evenly(b);
}
Block adaptive_avg_pool(const Back &b) {
    return spread_evenly(b);
}

Block flatten(const Back &b) {
    const Block gradient = Block::make(b.shape(), Type::f32);
    const dnnl::memory planes({b.shape(), dnnl::memory::data_type::f32, dnnl::memory::format_tag::nchw},
                              processor(), b.given.data());
    reorder(planes, gradient.memory());
    return gradient;
}

Block concat(const Back &b) {
    std::int64_t begin = 0;
    for (std::size_t i = 0; i < b.input; ++i) begin += b.passed.shapes[i][1];
    return b.given.channel_range(begin, begin + b.shape()[1]).as(Type::f32);
}
Block add(const Back &b) {
    return summed_to(b.given, b.shape());
}
Block multiply(const Back &b) {
    const Block &other = b.passed.inputs[1 - b.input];
    std::vector<Block> factors{b.given, other};
    if (other.shape() == b.given.shape() || b.input == 0) {
        g::Node node;
        node.op = g::Op::multiply;
        return summed_to(apply_op(node, factors, {}), b.shape());
    }
    const Block &first = b.passed.inputs[0];
    return summed_to(scaled(b.given, first, [](float x, std::int64_t) { return x; }), b.shape());
}

Block channel_slice(const Back &b) {
    Block out = zeros(b.shape());
    const Block part = out.channel_range(b.integer("begin"), b.integer("end"));
    for_each_row(part.rows(), part.width() * part.channels(), [&](std::int64_t row) {
        for (std::int64_t column = 0; column < part.width(); ++column)
            std::copy_n(pixel(b.given, row, column), part.channels(), pixel(part, row, column));
    });
    return out;
}
Block crop(const Back &b) {
    const auto top = b.integer("top"), left = b.integer("left");
    return scattered(b,
                     [=](std::int64_t i, std::int64_t j, const auto &put) { put(i + top, j + left, 1.0F); });
}
Block reflection_pad(const Back &b) {
    const auto top = b.integer("top"), left = b.integer("left");
    const auto height = b.shape()[2], width = b.shape()[3];
    return scattered(b, [=](std::int64_t i, std::int64_t j, const auto &put) {
        put(reflected(i - top, height), reflected(j - left, width), 1.0F);
    });
}
Block upsample_nearest(const Back &b) {
    const auto factor = b.integer("factor");
    return scattered(
        b, [=](std::int64_t i, std::int64_t j, const auto &put) { put(i / factor, j / factor, 1.0F); });
}
Block upsample_bilinear(const Back &b) {
    const auto factor = b.integer("factor");
    const auto down = taps_of(b.shape()[2], factor), across = taps_of(b.shape()[3], factor);
    return scattered(b, [&](std::int64_t i, std::int64_t j, const auto &put) {
        const Tap &row = down[static_cast<std::size_t>(i)], &column = across[static_cast<std::size_t>(j)];
        put(row.low, column.low, (1 - row.share) * (1 - column.share));
        put(row.low, column.high, (1 - row.share) * column.share);
        put(row.high, column.low, row.share * (1 - column.share));
        put(row.high, column.high, row.share * column.share);
    });
}

Block pixel_shuffle(const Back &b) {
    const Block out = Block::make(b.shape(), Type::f32);
    const auto factor = b.integer("factor");
    for_each_row(b.given.rows(), b.given.width() * b.given.channels(), [&](std::int64_t row) {
        const auto image = row / b.given.height();
        for_shuffled(b.given, factor, row % b.given.height(),
                     [&](std::int64_t column, std::int64_t c, std::int64_t line, std::int64_t place,
                         std::int64_t from) {
                         pixel(out, image * out.height() + line, place)[from] =
                             pixel(b.given, row, column)[c];
                     });
    });
    return out;
}
Block pixel_unshuffle(const Back &b) {
    const Block out = Block::make(b.shape(), Type::f32);
    const auto factor = b.integer("factor");
    for_each_row(out.rows(), out.width() * out.channels(), [&](std::int64_t row) {
        const auto image = row / out.height();
        for_shuffled(out, factor, row % out.height(),
                     [&](std::int64_t column, std::int64_t c, std::int64_t line, std::int64_t place,
                         std::int64_t from) {
                         pixel(out, row, column)[c] =
                             pixel(b.given, image * b.given.height() + line, place)[from];
                     });
    });
    return out;
}

Block normalise(const Back &b) {
    const auto &deviation = b.node().reals("deviation");
    std::vector<float> factors(static_cast<std::size_t>(b.given.channels()));
    for (std::size_t i = 0; i < factors.size(); ++i)
        factors[i] = static_cast<float>(1 / deviation[deviation.size() == 1 ? 0 : i]);
    return by_channel(b.given, factors);
}
Block scale(const Back &b) {
    return by_channel(b.given, b.weight("weight"));
}

Block layer_norm(const Back &b) {
    const Block &x = b.x(), out = Block::make(b.shape(), Type::f32);
    const auto &weight = b.weight("weight");
    const std::int64_t channels = out.channels();
    const auto count = static_cast<double>(channels);
    for_each_row(out.rows(), out.width() * channels, [&](std::int64_t row) {
        for (std::int64_t column = 0; column < out.width(); ++column) {
            const float *in = pixel(x, row, column), *given = pixel(b.given, row, column);
            const double mean = normal_sum(in, channels) / count;
            double square = 0, sum = 0, along = 0;
            for (std::int64_t c = 0; c < channels; ++c)
                square += (static_cast<double>(in[c]) - mean) * (static_cast<double>(in[c]) - mean);
            const double scale = 1 / std::sqrt(square / count + b.node().real("epsilon"));
            for (std::int64_t c = 0; c < channels; ++c) {
                const double part = static_cast<double>(given[c] * weight[static_cast<std::size_t>(c)]);
                sum += part;
                along += part * (static_cast<double>(in[c]) - mean) * scale;
            }
            float *to = pixel(out, row, column);
            for (std::int64_t c = 0; c < channels; ++c) {
                const double part = static_cast<double>(given[c] * weight[static_cast<std::size_t>(c)]);
                const double normal = (static_cast<double>(in[c]) - mean) * scale;
                to[c] = static_cast<float>((part - sum / count - along / count * normal) * scale);
            }
        }
    });
    return out;
}

/// The transform is orthogonal: its way back is its inverse. Of an odd extent the last row or column has no
/// part.
Block haar_analysis(const Back &b) {
    const Block out = zeros(b.shape());
    const std::int64_t width = b.given.width(), channels = out.channels();
    for_each_row(b.given.rows(), width * 4 * channels, [&](std::int64_t row) {
        const auto first = row / b.given.height() * out.height() + row % b.given.height() * 2;
        haar_synthesis_row(b.given.row<float>(row), out.row<float>(first), out.row<float>(first + 1), width,
                           channels);
    });
    return out;
}
Block haar_synthesis(const Back &b) {
    const Block out = Block::make(b.shape(), Type::f32);
    for_each_row(out.rows(), out.width() * out.channels(), [&](std::int64_t row) {
        const auto first = row / out.height() * b.given.height() + row % out.height() * 2;
        haar_analysis_row(b.given.row<float>(first), b.given.row<float>(first + 1), out.row<float>(row),
                          out.width(), b.given.channels());
    });
    return out;
}

} // namespace adjoints

using Function = Block (*)(const Back &);
#define MIRRA_ADJOINT(name) adjoints::name,
constexpr std::array<Function, g::kOpCount> kAdjoints{MIRRA_GRAPH_OPS(MIRRA_ADJOINT)};
#undef MIRRA_ADJOINT

} // namespace

Reads reads_of(g::Op op) {
    using g::Op;
    switch (op) {
    case Op::leaky_relu:
    case Op::prelu:
    case Op::silu:
    case Op::gelu:
    case Op::max_pool:
    case Op::layer_norm:
    case Op::multiply:
        return {.inputs = true};
    case Op::relu:
    case Op::tanh:
    case Op::sigmoid:
        return {.result = true};
    default:
        return {};
    }
}

Block adjoint(const Passed &passed, std::size_t input, const Block &given) {
    return kAdjoints.at(static_cast<std::size_t>(passed.node.op))({passed, input, given});
}

Block masked(Block given, const Block &result) {
    const Block out = given.owned() ? given : Block::make(given.shape(), Type::f32);
    for_each_row(out.rows(), out.width() * out.channels(), [&](std::int64_t row) {
        for (std::int64_t column = 0; column < out.width(); ++column) {
            const float *from = pixel(given, row, column), *value = pixel(result, row, column);
            float *to = pixel(out, row, column);
            for (std::int64_t c = 0; c < out.channels(); ++c) to[c] = value[c] <= 0 ? 0 : from[c];
        }
    });
    return out;
}

Block sigmoid_adjoint(const Block &given, const Block &result) {
    return scaled(given, result, [](float y, std::int64_t) { return y * (1 - y); });
}

Block summed_to(const Block &given, const g::Shape &shape) {
    if (given.shape() == shape) return given;
    Block out = zeros(shape);
    const bool of_channels = shape[1] == given.channels();
    for (std::int64_t row = 0; row < given.rows(); ++row)
        for (std::int64_t column = 0; column < given.width(); ++column) {
            const float *from = pixel(given, row, column);
            if (of_channels) {
                float *to = pixel(out, row / given.height(), 0);
                for (std::int64_t c = 0; c < given.channels(); ++c) to[c] += from[c];
            } else {
                *pixel(out, row, column) = static_cast<float>(normal_sum(from, given.channels()));
            }
        }
    return out;
}

} // namespace mirra::runtime::onednn
