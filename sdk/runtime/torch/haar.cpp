// The row kernels over tensors, and the ways back through them.
#include "runtime/torch/haar.hpp"

#include "runtime/rows/haar_rows.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/parallel.hpp"

#include <cstdint>

namespace mirra::runtime {
namespace {

using torch::indexing::Slice;

constexpr std::int64_t kGrainElements = 32768;

bool has_kernel(const at::Tensor &x) {
    return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16) && x.numel() > 0;
}

template<typename T> void analyse(const at::Tensor &x, at::Tensor &y) {
    const auto height = x.size(2), width = x.size(3), channels = x.size(1);
    const auto rows = y.size(2), columns = y.size(3);
    const auto *in = static_cast<const T *>(x.const_data_ptr());
    auto *out = static_cast<T *>(y.mutable_data_ptr());
    const auto grain = std::max<std::int64_t>(1, kGrainElements / (4 * columns * channels));
    parallel_ranges(x.size(0) * rows, grain, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
            const T *upper = in + ((row / rows) * height + 2 * (row % rows)) * width * channels;
            haar_analysis_row(upper, upper + width * channels, out + row * columns * 4 * channels, columns,
                              channels);
        }
    });
}

template<typename T> void synthesise(const at::Tensor &x, at::Tensor &y) {
    const auto rows = x.size(2), columns = x.size(3), channels = y.size(1);
    const auto *in = static_cast<const T *>(x.const_data_ptr());
    auto *out = static_cast<T *>(y.mutable_data_ptr());
    const auto grain = std::max<std::int64_t>(1, kGrainElements / (4 * columns * channels));
    parallel_ranges(x.size(0) * rows, grain, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
            T *upper = out + row * 4 * columns * channels;
            haar_synthesis_row(in + row * columns * 4 * channels, upper, upper + 2 * columns * channels,
                               columns, channels);
        }
    });
}

at::Tensor analyse_generic(const at::Tensor &input) {
    const auto x = input.slice(2, 0, input.size(2) / 2 * 2).slice(3, 0, input.size(3) / 2 * 2);
    const auto a = x.slice(2, 0, {}, 2).slice(3, 0, {}, 2), b = x.slice(2, 0, {}, 2).slice(3, 1, {}, 2);
    const auto c = x.slice(2, 1, {}, 2).slice(3, 0, {}, 2), d = x.slice(2, 1, {}, 2).slice(3, 1, {}, 2);
    return at::cat({a + b + c + d, b + d - a - c, c + d - a - b, a + d - b - c}, 1) * 0.5;
}

at::Tensor synthesise_generic(const at::Tensor &x) {
    const auto bands = x.chunk(4, 1);
    const auto low_top = bands[0] - bands[2], low_bottom = bands[0] + bands[2];
    const auto high_top = bands[1] - bands[3], high_bottom = bands[1] + bands[3];
    const auto top = at::stack({low_top - high_top, low_top + high_top}, -1).flatten(-2);
    const auto bottom = at::stack({low_bottom - high_bottom, low_bottom + high_bottom}, -1).flatten(-2);
    return at::stack({top, bottom}, -2).flatten(2, 3) * 0.5;
}

struct Analysis : torch::autograd::Function<Analysis> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x) {
        context->saved_data["height"] = x.size(2);
        context->saved_data["width"] = x.size(3);
        return haar_analysis(x);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   const torch::autograd::variable_list &gradients) {
        auto gradient = haar_synthesis(gradients[0]);
        const auto bottom = context->saved_data["height"].toInt() - gradient.size(2);
        const auto right = context->saved_data["width"].toInt() - gradient.size(3);
        if (bottom + right > 0) gradient = at::constant_pad_nd(gradient, {0, right, 0, bottom});
        return {gradient};
    }
};

struct Synthesis : torch::autograd::Function<Synthesis> {
    static at::Tensor forward(torch::autograd::AutogradContext *, const at::Tensor &x) {
        return haar_synthesis(x);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *,
                                                   const torch::autograd::variable_list &gradients) {
        return {haar_analysis(gradients[0])};
    }
};

} // namespace

at::Tensor haar_analysis(const at::Tensor &input) {
    if (!has_kernel(input)) return analyse_generic(input);
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    auto y = at::empty({x.size(0), 4 * x.size(1), x.size(2) / 2, x.size(3) / 2},
                       x.options().memory_format(at::MemoryFormat::ChannelsLast));
    if (y.numel() == 0) return y;
    x.scalar_type() == at::kFloat ? analyse<float>(x, y) : analyse<std::uint16_t>(x, y);
    return y;
}

at::Tensor haar_synthesis(const at::Tensor &input) {
    if (!has_kernel(input)) return synthesise_generic(input);
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    auto y = at::empty({x.size(0), x.size(1) / 4, 2 * x.size(2), 2 * x.size(3)},
                       x.options().memory_format(at::MemoryFormat::ChannelsLast));
    x.scalar_type() == at::kFloat ? synthesise<float>(x, y) : synthesise<std::uint16_t>(x, y);
    return y;
}

at::Tensor haar_analysis_autograd(const at::Tensor &x) {
    return Analysis::apply(x);
}
at::Tensor haar_synthesis_autograd(const at::Tensor &x) {
    return Synthesis::apply(x);
}

} // namespace mirra::runtime
