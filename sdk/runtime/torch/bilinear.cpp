// The row kernel over tensors. LibTorch's kernel gives the same pixel another value in another tile.
#include "runtime/torch/bilinear.hpp"

#include "runtime/rows/bilinear_rows.hpp"
#include "runtime/rows/per_processor.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/parallel.hpp"

#include <algorithm>
#include <vector>

namespace mirra::runtime {
namespace {

MIRRA_PER_PROCESSOR void bilinear_row(const float *upper, const float *lower, float share, float *out,
                                      const Tap *taps, std::int64_t width, std::int64_t channels) {
    blend_row(upper, lower, share, out, taps, width, channels);
}
MIRRA_PER_PROCESSOR void bilinear_row(const at::BFloat16 *upper, const at::BFloat16 *lower, float share,
                                      at::BFloat16 *out, const Tap *taps, std::int64_t width,
                                      std::int64_t channels) {
    blend_row(upper, lower, share, out, taps, width, channels);
}
MIRRA_PER_PROCESSOR void bilinear_row(const at::Half *upper, const at::Half *lower, float share,
                                      at::Half *out, const Tap *taps, std::int64_t width,
                                      std::int64_t channels) {
    blend_row(upper, lower, share, out, taps, width, channels);
}

template<typename T> void enlarge(const at::Tensor &x, at::Tensor &y, std::int64_t factor) {
    constexpr std::int64_t kGrainElements = 32768;
    const auto channels = x.size(1), height = x.size(2), row_values = x.size(3) * channels;
    const auto rows = y.size(2), columns = y.size(3);
    const auto down = taps_of(height, factor), across = taps_of(x.size(3), factor);
    const auto *in = x.const_data_ptr<T>();
    auto *out = y.mutable_data_ptr<T>();
    const auto grain = std::max<std::int64_t>(1, kGrainElements / (columns * channels));
    parallel_ranges(x.size(0) * rows, grain, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto &tap = down[static_cast<std::size_t>(row % rows)];
            const T *picture = in + row / rows * height * row_values;
            bilinear_row(picture + tap.low * row_values, picture + tap.high * row_values, tap.share,
                         out + row * columns * channels, across.data(), columns, channels);
        }
    });
}

struct Bilinear : torch::autograd::Function<Bilinear> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                              std::int64_t factor) {
        context->saved_data["sizes"] = x.sizes().vec();
        return upsample_bilinear(x, factor);
    }
    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                   const torch::autograd::variable_list &gradients) {
        const auto &gradient = gradients[0];
        const auto sizes = context->saved_data["sizes"].toIntVector();
        return {
            at::upsample_bilinear2d_backward(gradient, {gradient.size(2), gradient.size(3)}, sizes, false),
            {}};
    }
};

} // namespace

at::Tensor upsample_bilinear(const at::Tensor &input, std::int64_t factor) {
    const auto height = input.size(2) * factor, width = input.size(3) * factor;
    const auto type = input.scalar_type();
    const bool has_kernel = type == at::kFloat || type == at::kBFloat16 || type == at::kHalf;
    if (!input.is_cpu() || !has_kernel) return at::upsample_bilinear2d(input, {height, width}, false);
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    auto y = at::empty({x.size(0), x.size(1), height, width},
                       x.options().memory_format(at::MemoryFormat::ChannelsLast));
    if (type == at::kFloat)
        enlarge<float>(x, y, factor);
    else if (type == at::kBFloat16)
        enlarge<at::BFloat16>(x, y, factor);
    else
        enlarge<at::Half>(x, y, factor);
    return y;
}

at::Tensor upsample_bilinear_autograd(const at::Tensor &x, std::int64_t factor) {
    return Bilinear::apply(x, factor);
}

} // namespace mirra::runtime
