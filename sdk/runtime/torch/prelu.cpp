// Row kernels are plain loops, compiled for several instruction sets.
#include "runtime/torch/prelu.hpp"

#include "runtime/rows/per_processor.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/parallel.hpp"

#include <algorithm>

namespace mirra::runtime {
namespace {

template<typename T>
inline __attribute__((always_inline)) void bend_pixels(T *values, const T *slopes, std::int64_t pixels,
                                                       std::int64_t channels) {
    for (std::int64_t i = 0; i < pixels; ++i, values += channels) {
        MIRRA_INDEPENDENT
        for (std::int64_t c = 0; c < channels; ++c) {
            const float value = static_cast<float>(values[c]);
            values[c] = static_cast<T>(value > 0 ? value : value * static_cast<float>(slopes[c]));
        }
    }
}

MIRRA_PER_PROCESSOR void bend(float *values, const float *slopes, std::int64_t pixels,
                              std::int64_t channels) {
    bend_pixels(values, slopes, pixels, channels);
}
MIRRA_PER_PROCESSOR void bend(at::BFloat16 *values, const at::BFloat16 *slopes, std::int64_t pixels,
                              std::int64_t channels) {
    bend_pixels(values, slopes, pixels, channels);
}
MIRRA_PER_PROCESSOR void bend(at::Half *values, const at::Half *slopes, std::int64_t pixels,
                              std::int64_t channels) {
    bend_pixels(values, slopes, pixels, channels);
}

template<typename T> void bend_all(at::Tensor &x, const at::Tensor &weight) {
    constexpr std::int64_t kGrainElements = 32768;
    const auto channels = x.size(1);
    auto *values = x.mutable_data_ptr<T>();
    const auto slopes = weight.contiguous();
    parallel_ranges(x.numel() / channels, std::max<std::int64_t>(1, kGrainElements / channels),
                    [&](std::int64_t begin, std::int64_t end) {
                        bend(values + begin * channels, slopes.const_data_ptr<T>(), end - begin, channels);
                    });
}

} // namespace

void prelu_over(at::Tensor &x, const at::Tensor &weight) {
    const auto type = x.scalar_type();
    if (!x.is_cpu() || !x.is_contiguous(at::MemoryFormat::ChannelsLast))
        x.copy_(at::prelu(x, weight));
    else if (type == at::kFloat)
        bend_all<float>(x, weight);
    else if (type == at::kBFloat16)
        bend_all<at::BFloat16>(x, weight);
    else if (type == at::kHalf)
        bend_all<at::Half>(x, weight);
    else
        x.copy_(at::prelu(x, weight));
}

} // namespace mirra::runtime
