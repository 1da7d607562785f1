// A runtime without networks: arithmetic on tensors.
#include "mirra/error.hpp"
#include "runtime/plain/jacobi.hpp"
#include "runtime/plain/plain_module.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mirra::runtime {
namespace {

constexpr std::int64_t kLargestEigen = 512;

template<class Function> TensorPtr mapped(const TensorPtr &x, const Function &function) {
    const PlainTensor &from = plain(*x);
    auto made = make_plain(from.shape(), from.layout());
    std::ranges::transform(from.values(), made->values().begin(), function);
    return made;
}

graph::Shape broadcast(graph::Shape a, graph::Shape b) {
    if (a.size() < b.size()) std::swap(a, b);
    b.insert(b.begin(), a.size() - b.size(), 1);
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::max(a[i], b[i]);
    return a;
}

/// An operand's distances along the axes of the result: 0 where it is repeated.
std::vector<std::int64_t> repeated_strides(const PlainTensor &x, const graph::Shape &result) {
    std::vector<std::int64_t> strides(result.size(), 0);
    const std::size_t lead = result.size() - x.shape().size();
    for (std::size_t i = 0; i < x.shape().size(); ++i)
        if (x.shape()[i] > 1) strides[lead + i] = x.strides()[i];
    return strides;
}

template<class Function>
TensorPtr combined(const PlainTensor &a, const PlainTensor &b, const Function &function) {
    if (a.shape() == b.shape() && a.layout() == b.layout()) {
        auto made = make_plain(a.shape(), a.layout());
        std::ranges::transform(a.values(), b.values(), made->values().begin(), function);
        return made;
    }
    const graph::Shape shape = broadcast(a.shape(), b.shape());
    auto made = make_plain(shape, shape == a.shape() ? a.layout() : b.layout());
    const auto left = repeated_strides(a, shape), right = repeated_strides(b, shape);
    const bool scalar = shape.empty();
    const std::int64_t width = scalar ? 1 : shape.back(), step = scalar ? 1 : made->strides().back(),
                       left_step = scalar ? 1 : left.back(), right_step = scalar ? 1 : right.back();
    const float *p = a.values().data(), *q = b.values().data();
    float *to = made->values().data();
    for_rows(shape, left, right, made->strides(), [&](std::int64_t x, std::int64_t y, std::int64_t z) {
        for (std::int64_t i = 0; i < width; ++i)
            to[z + i * step] = function(p[x + i * left_step], q[y + i * right_step]);
    });
    return made;
}

/// Numbers that are none stay so.
float lesser(float a, float b) {
    return a < b || std::isnan(a) ? a : b;
}
float greater(float a, float b) {
    return a > b || std::isnan(a) ? a : b;
}

float start_of(Reduction op) {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    return op == Reduction::minimum ? kInfinity : op == Reduction::maximum ? -kInfinity : 0.0F;
}

double joined(Reduction op, double so_far, float value) {
    if (op == Reduction::minimum) return lesser(static_cast<float>(so_far), value);
    if (op == Reduction::maximum) return greater(static_cast<float>(so_far), value);
    return so_far + value;
}

/// A matrix row-major, transposed if so.
struct Matrix {
    std::vector<float> values;
    std::int64_t rows, columns;

    Matrix(const DeviceTensor &tensor, bool transpose)
        : rows(tensor.shape()[transpose ? 1 : 0])
        , columns(tensor.shape()[transpose ? 0 : 1]) {
        const auto given = plain(tensor).values();
        values.assign(given.begin(), given.end());
        if (!transpose) return;
        for (std::int64_t i = 0; i < rows * columns; ++i)
            values[static_cast<std::size_t>(i)] =
                given[static_cast<std::size_t>(i % columns * rows + i / columns)];
    }
};

} // namespace

TensorPtr PlainModule::binary(Binary op, const TensorPtr &left, const TensorPtr &right) {
    const PlainTensor &a = plain(*left), &b = plain(*right);
    switch (op) {
    case Binary::add:
        return combined(a, b, [](float p, float q) { return p + q; });
    case Binary::subtract:
        return combined(a, b, [](float p, float q) { return p - q; });
    case Binary::multiply:
        return combined(a, b, [](float p, float q) { return p * q; });
    case Binary::divide:
        return combined(a, b, [](float p, float q) { return p / q; });
    case Binary::minimum:
        return combined(a, b, lesser);
    case Binary::maximum:
        return combined(a, b, greater);
    }
    throw Error(ErrorCode::invalid_argument, "unknown operation", "op");
}

TensorPtr PlainModule::affine(const TensorPtr &x, double scale, double offset) {
    return mapped(x, [=](float value) { return static_cast<float>(scale * value + offset); });
}

TensorPtr PlainModule::clamp(const TensorPtr &x, double low, double high) {
    const auto least = static_cast<float>(low), most = static_cast<float>(high);
    return mapped(x, [=](float value) { return std::min(std::max(value, least), most); });
}

TensorPtr PlainModule::unary(Unary op, const TensorPtr &x) {
    switch (op) {
    case Unary::absolute:
        return mapped(x, [](float value) { return std::abs(value); });
    case Unary::square_root:
        return mapped(x, [](float value) { return std::sqrt(value); });
    case Unary::exponential:
        return mapped(x, [](float value) { return std::exp(value); });
    case Unary::logarithm:
        return mapped(x, [](float value) { return std::log(value); });
    case Unary::tangent:
        return mapped(x, [](float value) { return std::tanh(value); });
    case Unary::sigmoid:
        return mapped(x, [](float value) { return 1.0F / (1.0F + std::exp(-value)); });
    case Unary::relu:
        return mapped(x, [](float value) { return value < 0 ? 0.0F : value; });
    }
    throw Error(ErrorCode::invalid_argument, "unknown operation", "op");
}

double PlainModule::reduce(Reduction op, const TensorPtr &x) {
    const auto values = plain(*x).values();
    double all = start_of(op);
    for (const float value : values) all = joined(op, all, value);
    return op == Reduction::mean ? all / static_cast<double>(values.size()) : all;
}

TensorPtr PlainModule::reduce_axes(Reduction op, const TensorPtr &x, std::uint32_t axes) {
    const PlainTensor &from = plain(*x);
    graph::Shape shape = from.shape();
    std::int64_t count = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if ((axes >> i & 1U) == 0) continue;
        count *= shape[i];
        shape[i] = 1;
    }
    auto made = make_plain(shape);
    std::vector<double> all(made->values().size(), start_of(op));
    std::vector<std::int64_t> to = made->strides();
    for (std::size_t i = 0; i < to.size(); ++i)
        if (shape[i] == 1) to[i] = 0;
    const bool scalar = shape.empty();
    const std::int64_t width = scalar ? 1 : from.shape().back(), step = scalar ? 1 : from.strides().back(),
                       to_step = scalar ? 1 : to.back();
    const float *values = from.values().data();
    for_rows(from.shape(), from.strides(), to, to, [&](std::int64_t at, std::int64_t y, std::int64_t) {
        for (std::int64_t i = 0; i < width; ++i) {
            double &sum = all[static_cast<std::size_t>(y + i * to_step)];
            sum = joined(op, sum, values[at + i * step]);
        }
    });
    const double divisor = op == Reduction::mean ? static_cast<double>(count) : 1;
    std::ranges::transform(all, made->values().begin(),
                           [=](double sum) { return static_cast<float>(sum / divisor); });
    return made;
}

TensorPtr PlainModule::product(const TensorPtr &a, bool transpose_a, const TensorPtr &b, bool transpose_b) {
    const Matrix left(*a, transpose_a), right(*b, transpose_b);
    auto made = make_plain({left.rows, right.columns});
    std::ranges::fill(made->values(), 0.0F);
    for (std::int64_t i = 0; i < left.rows; ++i)
        for (std::int64_t k = 0; k < left.columns; ++k) {
            const float factor = left.values[static_cast<std::size_t>(i * left.columns + k)];
            float *row = made->values().data() + i * right.columns;
            const float *other = right.values.data() + k * right.columns;
            for (std::int64_t j = 0; j < right.columns; ++j) row[j] += factor * other[j];
        }
    return made;
}

Eigen PlainModule::eigen(const TensorPtr &symmetric) {
    const std::int64_t extent = symmetric->shape()[0];
    if (extent > kLargestEigen)
        throw Error(ErrorCode::mismatch, "a matrix of " + std::to_string(extent) +
                                             " rows is too large for a task without networks, which has " +
                                             std::to_string(kLargestEigen) + " at most");
    const auto n = static_cast<std::size_t>(extent);
    Jacobi solver(plain(*symmetric).values(), n);
    solver.solve();
    auto values = make_plain({extent}), vectors = make_plain({extent, extent});
    const auto order = solver.ascending();
    for (std::size_t i = 0; i < n; ++i) {
        values->values()[i] = static_cast<float>(solver.value(order[i]));
        for (std::size_t row = 0; row < n; ++row)
            vectors->values()[row * n + i] = static_cast<float>(solver.vector(row, order[i]));
    }
    return {std::move(values), std::move(vectors)};
}

} // namespace mirra::runtime
