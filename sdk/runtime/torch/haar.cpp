// Row kernels are plain loops over NHWC rows, compiled for several instruction sets; taps as in the paper's
// wavelet pooling (docs/explanation/method.md).
#include "runtime/torch/haar.hpp"

#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/per_processor.hpp"

#include <ATen/Parallel.h>

#include <bit>
#include <cstdint>

namespace mirra::runtime {
namespace {

using torch::indexing::Slice;

inline float load(float value) {
    return value;
}
inline float load(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}
inline void store(float &place, float value) {
    place = value;
}
inline void store(std::uint16_t &place, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    place = static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

template<typename T>
inline __attribute__((always_inline)) void analyse_row(const T *upper, const T *lower, T *out,
                                                       std::int64_t width, std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x) {
        const T *a = upper + 2 * x * channels, *b = a + channels;
        const T *c = lower + 2 * x * channels, *d = c + channels;
        T *ll = out + 4 * x * channels, *lh = ll + channels, *hl = lh + channels, *hh = hl + channels;
        MIRRA_INDEPENDENT
        for (std::int64_t i = 0; i < channels; ++i) {
            const float sum_top = load(a[i]) + load(b[i]), difference_top = load(b[i]) - load(a[i]);
            const float sum_bottom = load(c[i]) + load(d[i]), difference_bottom = load(d[i]) - load(c[i]);
            store(ll[i], 0.5f * (sum_top + sum_bottom));
            store(lh[i], 0.5f * (difference_top + difference_bottom));
            store(hl[i], 0.5f * (sum_bottom - sum_top));
            store(hh[i], 0.5f * (difference_bottom - difference_top));
        }
    }
}

template<typename T>
inline __attribute__((always_inline)) void synthesise_row(const T *in, T *upper, T *lower, std::int64_t width,
                                                          std::int64_t channels) {
    for (std::int64_t x = 0; x < width; ++x) {
        const T *ll = in + 4 * x * channels, *lh = ll + channels, *hl = lh + channels, *hh = hl + channels;
        T *a = upper + 2 * x * channels, *b = a + channels;
        T *c = lower + 2 * x * channels, *d = c + channels;
        MIRRA_INDEPENDENT
        for (std::int64_t i = 0; i < channels; ++i) {
            const float low_top = load(ll[i]) - load(hl[i]), low_bottom = load(ll[i]) + load(hl[i]);
            const float high_top = load(lh[i]) - load(hh[i]), high_bottom = load(lh[i]) + load(hh[i]);
            store(a[i], 0.5f * (low_top - high_top));
            store(b[i], 0.5f * (low_top + high_top));
            store(c[i], 0.5f * (low_bottom - high_bottom));
            store(d[i], 0.5f * (low_bottom + high_bottom));
        }
    }
}

/// One row of output pixels. `upper` and `lower` are input rows 2y and 2y+1, each 2 * width pixels of
/// `channels`; `out` gets width pixels of 4 * channels: LL, LH (high-pass along x), HL (along y), HH.
MIRRA_PER_PROCESSOR void haar_analysis_row(const float *upper, const float *lower, float *out,
                                           std::int64_t width, std::int64_t channels) {
    analyse_row(upper, lower, out, width, channels);
}

/// The same on bfloat16 bits; computes in fp32, rounds to nearest even.
MIRRA_PER_PROCESSOR void haar_analysis_row(const std::uint16_t *upper, const std::uint16_t *lower,
                                           std::uint16_t *out, std::int64_t width, std::int64_t channels) {
    analyse_row(upper, lower, out, width, channels);
}

/// The inverse: width pixels of 4 * channels -> two rows of 2 * width pixels of `channels`.
MIRRA_PER_PROCESSOR void haar_synthesis_row(const float *in, float *upper, float *lower, std::int64_t width,
                                            std::int64_t channels) {
    synthesise_row(in, upper, lower, width, channels);
}

MIRRA_PER_PROCESSOR void haar_synthesis_row(const std::uint16_t *in, std::uint16_t *upper,
                                            std::uint16_t *lower, std::int64_t width, std::int64_t channels) {
    synthesise_row(in, upper, lower, width, channels);
}

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
    at::parallel_for(0, x.size(0) * rows, grain, [&](std::int64_t begin, std::int64_t end) {
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
    at::parallel_for(0, x.size(0) * rows, grain, [&](std::int64_t begin, std::int64_t end) {
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
