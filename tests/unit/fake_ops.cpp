// Every op as plain loops.
//
// All but the maximum, the functions of single values, the product and layer norm are sums of products:
// y[out] += factor * x[in]. Each such op lists its terms once, and both directions follow from the list.
#include "fake_ops.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace mirra::test {
namespace {

using graph::Node, graph::Op, graph::Shape;

std::size_t count(const Shape &shape) {
    std::size_t elements = 1;
    for (const std::int64_t extent : shape) elements *= static_cast<std::size_t>(extent);
    return elements;
}

/// Places of a picture tensor.
struct Places {
    explicit Places(const Shape &shape) : n(shape[0]), c(shape[1]), h(shape[2]), w(shape[3]) {}
    std::int64_t n, c, h, w;
    [[nodiscard]] std::size_t at(std::int64_t image, std::int64_t channel, std::int64_t row,
                                 std::int64_t column) const {
        return static_cast<std::size_t>(((image * c + channel) * h + row) * w + column);
    }
    [[nodiscard]] bool holds(std::int64_t row, std::int64_t column) const {
        return row >= 0 && column >= 0 && row < h && column < w;
    }
};

template<class Visit> void for_places(const Places &y, const Visit &visit) {
    for (std::int64_t n = 0; n < y.n; ++n)
        for (std::int64_t c = 0; c < y.c; ++c)
            for (std::int64_t i = 0; i < y.h; ++i)
                for (std::int64_t j = 0; j < y.w; ++j) visit(n, c, i, j);
}

/// One input of a node, and what the node makes of it.
struct Link {
    const Node &node;
    const Shape &from, &to;
    const FakeWeights &weights;
    std::size_t before; ///< channels of the inputs before it, for `concat`

    [[nodiscard]] std::int64_t integer(const char *key) const { return node.integer(key); }
    [[nodiscard]] const std::vector<float> &weight(const char *role) const {
        return weights.at(node.weights.at(role));
    }
};

template<class Visit> void conv2d_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    const auto kernel = link.integer("kernel"), padding = link.integer("padding"),
               stride = link.integer("stride"), dilation = link.integer("dilation"),
               groups = link.integer("groups");
    const auto own = x.c / groups, made = y.c / groups;
    const auto &weight = link.weight("weight");
    for_places(y, [&](std::int64_t n, std::int64_t o, std::int64_t i, std::int64_t j) {
        const auto out = y.at(n, o, i, j);
        for (std::int64_t c = 0; c < own; ++c)
            for (std::int64_t k = 0; k < kernel * kernel; ++k) {
                const auto row = i * stride + k / kernel * dilation - padding,
                           column = j * stride + k % kernel * dilation - padding;
                if (!x.holds(row, column)) continue;
                visit(x.at(n, o / made * own + c, row, column), out,
                      weight[static_cast<std::size_t>((o * own + c) * kernel * kernel + k)]);
            }
    });
}

template<class Visit> void conv_transpose2d_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    const auto kernel = link.integer("kernel"), padding = link.integer("padding"),
               stride = link.integer("stride");
    const auto &weight = link.weight("weight");
    for_places(x, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        for (std::int64_t o = 0; o < y.c; ++o)
            for (std::int64_t k = 0; k < kernel * kernel; ++k) {
                const auto row = i * stride + k / kernel - padding,
                           column = j * stride + k % kernel - padding;
                if (!y.holds(row, column)) continue;
                visit(x.at(n, c, i, j), y.at(n, o, row, column),
                      weight[static_cast<std::size_t>((c * y.c + o) * kernel * kernel + k)]);
            }
    });
}

template<class Visit> void linear_terms(const Link &link, const Visit &visit) {
    const auto in = static_cast<std::size_t>(link.from[1]), out = static_cast<std::size_t>(link.to[1]);
    const auto &weight = link.weight("weight");
    for (std::size_t n = 0; n < static_cast<std::size_t>(link.from[0]); ++n)
        for (std::size_t o = 0; o < out; ++o)
            for (std::size_t i = 0; i < in; ++i) visit(n * in + i, n * out + o, weight[o * in + i]);
}

/// The mean of the rows [top, bottom) and columns [left, right), as far as they are there, over `area`.
template<class Visit>
void mean_terms(const Places &x, std::int64_t n, std::int64_t c, const std::array<std::int64_t, 4> &window,
                std::int64_t area, std::size_t out, const Visit &visit) {
    const auto [top, bottom, left, right] = window;
    for (auto row = std::max<std::int64_t>(top, 0); row < std::min(bottom, x.h); ++row)
        for (auto column = std::max<std::int64_t>(left, 0); column < std::min(right, x.w); ++column)
            visit(x.at(n, c, row, column), out, 1 / static_cast<float>(area));
}

/// What lies beyond the edges counts as zeros.
template<class Visit> void avg_pool_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    const auto kernel = link.integer("kernel"), padding = link.integer("padding"),
               stride = link.integer("stride");
    for_places(y, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        const auto top = i * stride - padding, left = j * stride - padding;
        mean_terms(x, n, c, {top, top + kernel, left, left + kernel}, kernel * kernel, y.at(n, c, i, j),
                   visit);
    });
}

template<class Visit> void adaptive_pool_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    const auto begin = [](std::int64_t i, std::int64_t from, std::int64_t to) { return i * from / to; };
    const auto end = [](std::int64_t i, std::int64_t from, std::int64_t to) {
        return ((i + 1) * from + to - 1) / to;
    };
    for_places(y, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        const std::array window{begin(i, x.h, y.h), end(i, x.h, y.h), begin(j, x.w, y.w), end(j, x.w, y.w)};
        mean_terms(x, n, c, window, (window[1] - window[0]) * (window[3] - window[2]), y.at(n, c, i, j),
                   visit);
    });
}

using Source = std::array<std::int64_t, 3>;

Source upsampled(const Link &link, std::int64_t c, std::int64_t i, std::int64_t j) {
    const auto factor = link.integer("factor");
    return {c, i / factor, j / factor};
}

Source shuffled(const Link &link, std::int64_t c, std::int64_t i, std::int64_t j) {
    const auto factor = link.integer("factor");
    return {(c * factor + i % factor) * factor + j % factor, i / factor, j / factor};
}

Source unshuffled(const Link &link, std::int64_t c, std::int64_t i, std::int64_t j) {
    const auto factor = link.integer("factor");
    return {c / (factor * factor), i * factor + c / factor % factor, j * factor + c % factor};
}

/// Two pixels along an axis, and what of each.
using Blend = std::array<std::pair<std::int64_t, float>, 2>;

Blend blended(std::int64_t place, std::int64_t factor, std::int64_t extent) {
    const double middle =
        std::max(0.0, (static_cast<double>(place) + 0.5) / static_cast<double>(factor) - 0.5);
    const auto low = static_cast<std::int64_t>(middle);
    const auto share = static_cast<float>(middle - static_cast<double>(low));
    return {std::pair{low, 1 - share}, std::pair{std::min(low + 1, extent - 1), share}};
}

template<class Visit> void bilinear_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    const auto factor = link.integer("factor");
    for_places(y, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        for (const auto &[row, of_row] : blended(i, factor, x.h))
            for (const auto &[column, of_column] : blended(j, factor, x.w))
                if (of_row * of_column != 0)
                    visit(x.at(n, c, row, column), y.at(n, c, i, j), of_row * of_column);
    });
}

/// The place of a second value that goes with a place of the first: as large, or one for each channel or for
/// each place.
std::size_t partner(const Shape &first, const Shape &second, std::size_t at) {
    if (first == second) return at;
    const Places a(first), b(second);
    const auto area = static_cast<std::size_t>(a.h * a.w), channels = static_cast<std::size_t>(a.c);
    return b.c == a.c && b.h == 1 && b.w == 1 ? at / area : at / (area * channels) * area + at % area;
}

std::int64_t reflected(std::int64_t at, std::int64_t extent) {
    const auto inside = at < 0 ? -at : at;
    return inside >= extent ? 2 * (extent - 1) - inside : inside;
}

/// Low-pass, horizontal, vertical and diagonal detail of 2 x 2 pixels, band by band.
/// @param fine, coarse  the picture and its bands
template<class Visit> void haar_terms(const Places &fine, const Places &coarse, const Visit &visit) {
    constexpr float kTaps[4][4] = {{1, 1, 1, 1}, {-1, 1, -1, 1}, {-1, -1, 1, 1}, {1, -1, -1, 1}};
    for_places(coarse, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        for (std::int64_t k = 0; k < 4; ++k)
            visit(fine.at(n, c % fine.c, 2 * i + k / 2, 2 * j + k % 2), coarse.at(n, c, i, j),
                  kTaps[c / fine.c][k] / 2);
    });
}

/// A factor for each channel.
template<class Factor, class Visit>
void channel_terms(const Link &link, const Factor &factor, const Visit &visit) {
    const Places x(link.from);
    for_places(x, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        visit(x.at(n, c, i, j), x.at(n, c, i, j), factor(static_cast<std::size_t>(c)));
    });
}

float batch_norm_factor(const Link &link, std::size_t c) {
    return link.weight("weight")[c] /
           std::sqrt(link.weight("running_var")[c] + static_cast<float>(link.node.real("epsilon")));
}

double of_channel(const std::vector<double> &values, std::size_t c) {
    return values[values.size() == 1 ? 0 : c];
}

/// Where an op that copies values has that of a place of its result.
Source source_of(const Link &link, const Places &x, std::int64_t c, std::int64_t i, std::int64_t j) {
    switch (link.node.op) {
    case Op::concat:
        return {c - static_cast<std::int64_t>(link.before), i, j};
    case Op::channel_slice:
        return {c + link.integer("begin"), i, j};
    case Op::upsample_nearest:
        return upsampled(link, c, i, j);
    case Op::pixel_shuffle:
        return shuffled(link, c, i, j);
    case Op::pixel_unshuffle:
        return unshuffled(link, c, i, j);
    case Op::crop:
        return {c, i + link.integer("top"), j + link.integer("left")};
    case Op::reflection_pad:
        return {c, reflected(i - link.integer("top"), x.h), reflected(j - link.integer("left"), x.w)};
    default:
        throw std::logic_error("copies no values");
    }
}

template<class Visit> void copy_terms(const Link &link, const Visit &visit) {
    const Places x(link.from), y(link.to);
    for_places(y, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        const auto [channel, row, column] = source_of(link, x, c, i, j);
        if (channel >= 0 && channel < x.c) visit(x.at(n, channel, row, column), y.at(n, c, i, j), 1.0F);
    });
}

/// Calls visit(in, out, factor) for each term of a sum of products.
template<class Visit> void for_terms(const Link &link, const Visit &visit) {
    switch (link.node.op) {
    case Op::conv2d:
        return conv2d_terms(link, visit);
    case Op::conv_transpose2d:
        return conv_transpose2d_terms(link, visit);
    case Op::linear:
        return linear_terms(link, visit);
    case Op::avg_pool:
        return avg_pool_terms(link, visit);
    case Op::global_avg_pool:
    case Op::adaptive_avg_pool:
        return adaptive_pool_terms(link, visit);
    case Op::flatten:
    case Op::add:
        for (std::size_t i = 0; i < count(link.to); ++i)
            visit(link.node.op == Op::add ? partner(link.to, link.from, i) : i, i, 1.0F);
        return;
    case Op::concat:
    case Op::channel_slice:
    case Op::upsample_nearest:
    case Op::pixel_shuffle:
    case Op::pixel_unshuffle:
    case Op::crop:
    case Op::reflection_pad:
        return copy_terms(link, visit);
    case Op::upsample_bilinear:
        return bilinear_terms(link, visit);
    case Op::batch_norm:
        return channel_terms(link, [&](std::size_t c) { return batch_norm_factor(link, c); }, visit);
    case Op::normalise:
        return channel_terms(
            link,
            [&](std::size_t c) {
                return static_cast<float>(1 / of_channel(link.node.reals("deviation"), c));
            },
            visit);
    case Op::scale:
        return channel_terms(link, [&](std::size_t c) { return link.weight("weight")[c]; }, visit);
    case Op::haar_analysis:
        return haar_terms(Places(link.from), Places(link.to), visit);
    case Op::haar_synthesis:
        return haar_terms(
            Places(link.to), Places(link.from),
            [&](std::size_t fine, std::size_t coarse, float factor) { visit(coarse, fine, factor); });
    default:
        throw std::logic_error("no sum of products");
    }
}

/// What is there before any term: biases, or what a channel is moved by.
std::vector<float> offsets(const Link &link) {
    std::vector<float> out(count(link.to));
    const auto fill = [&](const auto &value) {
        const auto channels = static_cast<std::size_t>(link.to[1]);
        const std::size_t area = out.size() / (static_cast<std::size_t>(link.to[0]) * channels);
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(value(i / area % channels));
    };
    const auto &node = link.node;
    if (node.op == Op::batch_norm)
        fill([&](std::size_t c) {
            return link.weight("bias")[c] - batch_norm_factor(link, c) * link.weight("running_mean")[c];
        });
    else if (node.op == Op::normalise)
        fill([&](std::size_t c) {
            return -of_channel(node.reals("mean"), c) / of_channel(node.reals("deviation"), c);
        });
    else if (node.weights.contains("bias"))
        fill([&](std::size_t c) { return link.weight("bias")[c]; });
    return out;
}

/// Which value of the input is the maximum that a value of the result is; no number beats numbers.
template<class Visit>
void for_maxima(const Node &node, const Valued &input, const Shape &result, const Visit &visit) {
    const Places x(input.shape), y(result);
    const auto kernel = node.integer("kernel"), padding = node.integer("padding"),
               stride = node.integer("stride");
    for_places(y, [&](std::int64_t n, std::int64_t c, std::int64_t i, std::int64_t j) {
        std::size_t best = SIZE_MAX;
        for (std::int64_t k = 0; k < kernel * kernel; ++k) {
            const auto row = i * stride + k / kernel - padding, column = j * stride + k % kernel - padding;
            if (!x.holds(row, column)) continue;
            const auto at = x.at(n, c, row, column);
            if (best == SIZE_MAX || input.values[at] > input.values[best] || std::isnan(input.values[at]))
                best = at;
        }
        if (best != SIZE_MAX) visit(best, y.at(n, c, i, j));
    });
}

float sigmoid(float v) {
    return 1 / (1 + std::exp(-v));
}

/// A function of single values, and its slope.
struct Curve {
    float value, slope;
};

/// Erf form, and the one by the hyperbolic tangent.
Curve gelu(float x, bool approximate) {
    constexpr float kRoot = 0.7978845608F, kCube = 0.044715F; // the square root of 2 / pi
    if (!approximate) {
        const float below = 0.5F * (1 + std::erf(x * 0.7071067812F));
        return {x * below, below + x * 0.5F * kRoot * std::exp(-x * x / 2)};
    }
    const float bent = std::tanh(kRoot * (x + kCube * x * x * x));
    return {0.5F * x * (1 + bent),
            0.5F * (1 + bent) + 0.5F * x * (1 - bent * bent) * kRoot * (1 + 3 * kCube * x * x)};
}

/// @param slope  left of zero, of the functions that have one
Curve curve(const Node &node, float x, float slope) {
    switch (node.op) {
    case Op::relu:
        return {std::isnan(x) ? x : std::max(x, 0.0F), x > 0 ? 1.0F : 0.0F};
    case Op::leaky_relu:
    case Op::prelu:
        return {x > 0 ? x : x * slope, x > 0 ? 1.0F : slope};
    case Op::tanh:
        return {std::tanh(x), 1 - std::tanh(x) * std::tanh(x)};
    case Op::sigmoid:
        return {sigmoid(x), sigmoid(x) * (1 - sigmoid(x))};
    case Op::silu:
        return {x * sigmoid(x), sigmoid(x) * (1 + x * (1 - sigmoid(x)))};
    case Op::gelu:
        return gelu(x, node.integer("approximate") == 1);
    default:
        throw std::logic_error("no function of single values");
    }
}

bool is_curve(Op op) {
    constexpr std::array kCurves{Op::relu,    Op::leaky_relu, Op::prelu, Op::tanh,
                                 Op::sigmoid, Op::silu,       Op::gelu};
    return std::ranges::find(kCurves, op) != kCurves.end();
}

/// Calls visit(place, the curve there).
template<class Visit>
void for_curve(const Node &node, const Valued &input, const FakeWeights &weights, const Visit &visit) {
    const auto *slopes = node.op == Op::prelu ? &weights.at(node.weights.at("weight")) : nullptr;
    const auto plain = node.op == Op::leaky_relu ? static_cast<float>(node.real("slope")) : 0.0F;
    const std::size_t area =
        slopes == nullptr ? 1 : static_cast<std::size_t>(input.shape[2] * input.shape[3]);
    for (std::size_t i = 0; i < input.values.size(); ++i)
        visit(i,
              curve(node, input.values[i], slopes == nullptr ? plain : (*slopes)[i / area % slopes->size()]));
}

/// The channels of one pixel, less their mean, over their deviation.
struct Normal {
    std::vector<std::size_t> places;
    std::vector<float> values;
    float deviation = 1;
};

/// Calls visit(normal) for each pixel.
template<class Visit> void for_normals(const Node &node, const Valued &input, const Visit &visit) {
    const Places x(input.shape);
    const Places pixels({x.n, 1, x.h, x.w});
    for_places(pixels, [&](std::int64_t n, std::int64_t, std::int64_t i, std::int64_t j) {
        Normal normal;
        double mean = 0, square = 0;
        for (std::int64_t c = 0; c < x.c; ++c) normal.places.push_back(x.at(n, c, i, j));
        for (const auto at : normal.places) mean += input.values[at];
        mean /= static_cast<double>(x.c);
        for (const auto at : normal.places) square += (input.values[at] - mean) * (input.values[at] - mean);
        const double deviation = std::sqrt(square / static_cast<double>(x.c) + node.real("epsilon"));
        for (const auto at : normal.places)
            normal.values.push_back(static_cast<float>((input.values[at] - mean) / deviation));
        normal.deviation = static_cast<float>(deviation);
        visit(normal);
    });
}

std::vector<float> layer_norm(const Node &node, const Valued &input, const FakeWeights &weights) {
    std::vector<float> out(input.values.size());
    const auto &weight = weights.at(node.weights.at("weight")), &bias = weights.at(node.weights.at("bias"));
    for_normals(node, input, [&](const Normal &normal) {
        for (std::size_t c = 0; c < normal.places.size(); ++c)
            out[normal.places[c]] = normal.values[c] * weight[c] + bias[c];
    });
    return out;
}

/// Of the gradient by the normal values its mean, and what lies along them, have no part in the inputs'.
std::vector<float> layer_norm_back(const Node &node, const Valued &input, const Valued &gradient,
                                   const FakeWeights &weights) {
    std::vector<float> out(input.values.size());
    const auto &weight = weights.at(node.weights.at("weight"));
    for_normals(node, input, [&](const Normal &normal) {
        const auto count = static_cast<float>(normal.places.size());
        float mean = 0, along = 0;
        for (std::size_t c = 0; c < normal.places.size(); ++c) {
            const float given = gradient.values[normal.places[c]] * weight[c];
            mean += given / count;
            along += given * normal.values[c] / count;
        }
        for (std::size_t c = 0; c < normal.places.size(); ++c)
            out[normal.places[c]] =
                (gradient.values[normal.places[c]] * weight[c] - mean - along * normal.values[c]) /
                normal.deviation;
    });
    return out;
}

/// Calls visit(index of the input, link).
template<class Visit>
void for_links(const Node &node, std::span<const Valued> inputs, const Shape &result,
               const FakeWeights &weights, const Visit &visit) {
    std::size_t before = 0;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
        visit(k, Link{node, inputs[k].shape, result, weights, before});
        before += inputs[k].shape.size() > 1 ? static_cast<std::size_t>(inputs[k].shape[1]) : 0;
    }
}

} // namespace

std::vector<float> forward(const Node &node, std::span<const Valued> inputs, const Shape &result,
                           const FakeWeights &weights) {
    std::vector<float> out(count(result));
    if (is_curve(node.op)) {
        for_curve(node, inputs[0], weights, [&](std::size_t i, const Curve &at) { out[i] = at.value; });
    } else if (node.op == Op::layer_norm) {
        out = layer_norm(node, inputs[0], weights);
    } else if (node.op == Op::multiply) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = inputs[0].values[i] * inputs[1].values[partner(result, inputs[1].shape, i)];
    } else if (node.op == Op::max_pool) {
        for_maxima(node, inputs[0], result,
                   [&](std::size_t in, std::size_t at) { out[at] = inputs[0].values[in]; });
    } else {
        for_links(node, inputs, result, weights, [&](std::size_t k, const Link &link) {
            if (k == 0) out = offsets(link);
            for_terms(link, [&](std::size_t in, std::size_t at, float factor) {
                out[at] += factor * inputs[k].values[in];
            });
        });
    }
    return out;
}

std::vector<std::vector<float>> backward(const Node &node, std::span<const Valued> inputs,
                                         const Valued &gradient, const FakeWeights &weights) {
    std::vector<std::vector<float>> out;
    for (const Valued &input : inputs) out.emplace_back(input.values.size());
    if (is_curve(node.op)) {
        for_curve(node, inputs[0], weights,
                  [&](std::size_t i, const Curve &at) { out[0][i] = gradient.values[i] * at.slope; });
    } else if (node.op == Op::layer_norm) {
        out[0] = layer_norm_back(node, inputs[0], gradient, weights);
    } else if (node.op == Op::multiply) {
        for (std::size_t i = 0; i < out[0].size(); ++i) {
            const auto other = partner(gradient.shape, inputs[1].shape, i);
            out[0][i] += gradient.values[i] * inputs[1].values[other];
            out[1][other] += gradient.values[i] * inputs[0].values[i];
        }
    } else if (node.op == Op::max_pool) {
        for_maxima(node, inputs[0], gradient.shape,
                   [&](std::size_t in, std::size_t at) { out[0][in] += gradient.values[at]; });
    } else {
        for_links(node, inputs, gradient.shape, weights, [&](std::size_t k, const Link &link) {
            for_terms(link, [&](std::size_t in, std::size_t at, float factor) {
                out[k][in] += factor * gradient.values[at];
            });
        });
    }
    return out;
}

} // namespace mirra::test
