// Row kernels are plain loops, compiled for several instruction sets; the steps over them run in parallel.
#include "runtime/torch/few_channels.hpp"

#include "runtime/plan/program.hpp"
#include "runtime/rows/per_processor.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/parallel.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace mirra::runtime {
namespace {

/// out[x][c] = in[x * pixel_stride + c * channel_stride] * scale[c] + offset[c]
MIRRA_PER_PROCESSOR void affine_row(const float *in, std::int64_t pixel_stride, std::int64_t channel_stride,
                                    const float *scale, const float *offset, float *out, std::int64_t width,
                                    std::int64_t channels) {
    for (std::int64_t c = 0; c < channels; ++c) {
        const float *from = in + c * channel_stride;
        for (std::int64_t x = 0; x < width; ++x)
            out[x * channels + c] = from[x * pixel_stride] * scale[c] + offset[c];
    }
}

constexpr std::int64_t kGrainElements = 32768, kColors = 3;
constexpr std::int64_t kPhases = 4;

at::Tensor empty_like_picture(const at::Tensor &x, at::IntArrayRef sizes) {
    return at::empty(sizes, x.options().memory_format(at::MemoryFormat::ChannelsLast));
}

std::int64_t rows_at_once(std::int64_t elements_of_a_row) {
    return std::max<std::int64_t>(1, kGrainElements / std::max<std::int64_t>(1, elements_of_a_row));
}

std::int64_t blocks_of(std::int64_t kernel, std::int64_t stride) {
    return (kernel + stride - 1) / stride;
}

/// Pixels after the picture so that the blocks of the last output are whole; negative: pixels that no output
/// reads.
std::int64_t trailing(std::int64_t extent, const BlockConvolution &options) {
    const auto outputs = (extent + 2 * options.padding - options.kernel) / options.stride + 1;
    const auto read = (outputs - 1 + blocks_of(options.kernel, options.stride)) * options.stride;
    return read - extent - options.padding;
}

/// [N, C, H, W] -> [N, S S C, H / S, W / S], channels last, the channel running fastest.
at::Tensor to_blocks(const at::Tensor &x, std::int64_t stride) {
    const auto count = x.size(0), channels = x.size(1);
    const auto rows = x.size(2) / stride, columns = x.size(3) / stride;
    return x.permute({0, 2, 3, 1})
        .reshape({count, rows, stride, columns, stride, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({count, rows, columns, stride * stride * channels})
        .permute({0, 3, 1, 2});
}

} // namespace

at::Tensor affine_channels(const at::Tensor &x, const at::Tensor &scale, const at::Tensor &offset) {
    auto out = empty_like_picture(x, x.sizes());
    const auto channels = x.size(1), height = x.size(2), width = x.size(3);
    const auto *in = x.const_data_ptr<float>();
    auto *to = out.mutable_data_ptr<float>();
    const auto every = [&](const at::Tensor &values) {
        return values.flatten().expand({channels}).contiguous();
    };
    const auto all_scales = every(scale), all_offsets = every(offset);
    const auto *scales = all_scales.const_data_ptr<float>(), *offsets = all_offsets.const_data_ptr<float>();
    parallel_ranges(x.size(0) * height, rows_at_once(width * channels), [&](auto begin, auto end) {
        for (auto row = begin; row < end; ++row)
            affine_row(in + row / height * x.stride(0) + row % height * x.stride(2), x.stride(3), x.stride(1),
                       scales, offsets, to + row * width * channels, width, channels);
    });
    return out;
}

at::Tensor three_channel_convolution(const at::Tensor &input, const ThreeChannelFilter &filter, bool relu) {
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    auto out = empty_like_picture(x, x.sizes());
    const auto height = x.size(2), width = x.size(3);
    const auto run = [&]<class T>(T) {
        const ThreeChannelPictures<T> pictures{static_cast<const T *>(x.const_data_ptr()),
                                               static_cast<T *>(out.mutable_data_ptr()), height, width};
        constexpr auto kShare = ThreeChannelFilter::kRowsAtOnce;
        const auto share = (rows_at_once(kColors * width) + kShare - 1) / kShare * kShare;
        parallel_ranges(x.size(0) * height, share, [&](auto begin, auto end) {
            const auto values = static_cast<std::size_t>(ThreeChannelFilter::scratch(width));
            const auto scratch = std::make_unique_for_overwrite<float[]>(values);
            filter.run(pictures, begin, end, relu, scratch.get());
        });
    };
    x.scalar_type() == at::kFloat ? run(float()) : run(Bf16());
    return out;
}

/// Of a kernel of four, stride two and padding one, an even output reads taps 3 and 1 at the inputs before
/// and at it, an odd one taps 2 and 0 at and behind it.
at::Tensor phase_weight(const at::Tensor &transposed) {
    constexpr std::int64_t kTap[2][3] = {{3, 1, -1}, {-1, 2, 0}};
    const auto inputs = transposed.size(0), channels = transposed.size(1);
    auto out = at::zeros({kPhaseBlock, inputs, 3, 3}, transposed.options());
    for (std::int64_t phase = 0; phase < kPhases; ++phase)
        for (std::int64_t y = 0; y < 3; ++y)
            for (std::int64_t x = 0; x < 3; ++x) {
                const auto row = kTap[phase / 2][y], column = kTap[phase % 2][x];
                if (row < 0 || column < 0) continue;
                out.narrow(0, phase * channels, channels)
                    .select(3, x)
                    .select(2, y)
                    .copy_(transposed.select(3, column).select(2, row).t());
            }
    return out;
}

at::Tensor phase_bias(const at::Tensor &bias) {
    auto out = at::zeros({kPhaseBlock}, bias.options());
    out.narrow(0, 0, kPhases * bias.size(0)).copy_(bias.repeat({kPhases}));
    return out;
}

at::Tensor join_phases(const at::Tensor &phases, std::int64_t channels) {
    const auto x = phases.contiguous(at::MemoryFormat::ChannelsLast);
    const auto height = x.size(2), width = x.size(3), held = x.size(1);
    auto out = empty_like_picture(x, {x.size(0), channels, 2 * height, 2 * width});
    const auto bytes = static_cast<std::int64_t>(x.element_size());
    const auto *in = static_cast<const char *>(x.const_data_ptr());
    auto *to = static_cast<char *>(out.mutable_data_ptr());
    const auto pair = 2 * channels * bytes; // a phase's two columns lie side by side in both
    parallel_ranges(x.size(0) * height, rows_at_once(width * held), [&](auto begin, auto end) {
        for (auto row = begin; row < end; ++row)
            for (std::int64_t dy = 0; dy < 2; ++dy) {
                const char *from = in + row * width * held * bytes + dy * pair;
                char *line = to + (2 * row + dy) * width * pair;
                for (std::int64_t i = 0; i < width; ++i)
                    std::memcpy(line + i * pair, from + i * held * bytes, static_cast<std::size_t>(pair));
            }
    });
    return out;
}

at::Tensor split_phases(const at::Tensor &picture) {
    const auto x = picture.contiguous(at::MemoryFormat::ChannelsLast);
    const auto channels = x.size(1), height = x.size(2) / 2, width = x.size(3) / 2;
    auto out = empty_like_picture(x, {x.size(0), kPhaseBlock, height, width});
    const auto *in = x.const_data_ptr<float>();
    auto *to = out.mutable_data_ptr<float>();
    const auto pair = 2 * channels;
    parallel_ranges(x.size(0) * height, rows_at_once(width * kPhaseBlock), [&](auto begin, auto end) {
        for (auto row = begin; row < end; ++row)
            for (std::int64_t i = 0; i < width; ++i) {
                float *block = to + (row * width + i) * kPhaseBlock;
                for (std::int64_t dy = 0; dy < 2; ++dy)
                    std::copy_n(in + ((2 * row + dy) * width + i) * pair, pair, block + dy * pair);
                std::fill(block + 2 * pair, block + kPhaseBlock, 0.0F);
            }
    });
    return out;
}

at::Tensor block_weight(const at::Tensor &weight, std::int64_t stride) {
    const auto rest = blocks_of(weight.size(2), stride) * stride - weight.size(2);
    return to_blocks(at::constant_pad_nd(weight, {0, rest, 0, rest}), stride);
}

at::Tensor from_blocks(const at::Tensor &blocks, std::int64_t stride) {
    const auto count = blocks.size(0), channels = blocks.size(1) / (stride * stride);
    const auto rows = blocks.size(2), columns = blocks.size(3);
    return blocks.permute({0, 2, 3, 1})
        .reshape({count, rows, columns, stride, stride, channels})
        .permute({0, 1, 3, 2, 4, 5})
        .reshape({count, rows * stride, columns * stride, channels})
        .permute({0, 3, 1, 2});
}

at::Tensor block_convolution(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                             const BlockConvolution &options) {
    const auto right = trailing(input.size(3), options), bottom = trailing(input.size(2), options);
    const auto padded = at::constant_pad_nd(input, {options.padding, right, options.padding, bottom});
    return at::conv2d(to_blocks(padded, options.stride), weight,
                      bias.defined() ? std::optional(bias) : std::nullopt);
}

} // namespace mirra::runtime
