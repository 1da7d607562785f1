// A runtime without networks: arithmetic on tensors.
#include "mirra/error.hpp"
#include "runtime/plain/plain_module.hpp"

#include <Eigen/Dense>

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

using Matrix = ::Eigen::Matrix<float, ::Eigen::Dynamic, ::Eigen::Dynamic, ::Eigen::RowMajor>;

::Eigen::Map<const Matrix> matrix_of(const DeviceTensor &tensor) {
    return {plain(tensor).values().data(), tensor.shape()[0], tensor.shape()[1]};
}

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
    const auto left = matrix_of(*a), right = matrix_of(*b);
    auto made =
        make_plain({transpose_a ? left.cols() : left.rows(), transpose_b ? right.rows() : right.cols()});
    ::Eigen::Map<Matrix> out(made->values().data(), made->shape()[0], made->shape()[1]);
    if (transpose_a && transpose_b)
        out.noalias() = left.transpose() * right.transpose();
    else if (transpose_a)
        out.noalias() = left.transpose() * right;
    else if (transpose_b)
        out.noalias() = left * right.transpose();
    else
        out.noalias() = left * right;
    return made;
}

Eigen PlainModule::eigen(const TensorPtr &symmetric) {
    const std::int64_t n = symmetric->shape()[0];
    if (n > kLargestEigen)
        throw Error(ErrorCode::mismatch, "a matrix of " + std::to_string(n) +
                                             " rows is too large for a task without networks, which has " +
                                             std::to_string(kLargestEigen) + " at most");
    const ::Eigen::MatrixXd wide = matrix_of(*symmetric).cast<double>();
    // The solver reads the lower triangle.
    const ::Eigen::MatrixXd lower = wide.triangularView<::Eigen::Lower>();
    if (!lower.allFinite())
        throw Error(ErrorCode::invalid_argument, "a value is no finite number", "symmetric");
    const ::Eigen::SelfAdjointEigenSolver<::Eigen::MatrixXd> solver(lower);
    if (solver.info() != ::Eigen::Success)
        throw Error(ErrorCode::internal, "the eigenvalues of a matrix were not found", "symmetric");
    auto values = make_plain({n}), vectors = make_plain({n, n});
    ::Eigen::Map<::Eigen::VectorXf>(values->values().data(), n) = solver.eigenvalues().cast<float>();
    ::Eigen::Map<Matrix>(vectors->values().data(), n, n) = solver.eigenvectors().cast<float>();
    return {std::move(values), std::move(vectors)};
}

} // namespace mirra::runtime
