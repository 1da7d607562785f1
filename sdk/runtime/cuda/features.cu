// The WCT over features: moments and the transform, by square tiles of channels or places in shared memory.
#include "runtime/cuda/arguments.hpp"
#include "runtime/cuda/feature_transform.hpp"
#include "runtime/cuda/launch.cuh"

namespace mirra::cuda {
namespace {

/// Side of a tile; a block has a thread for each of its values.
constexpr int kSide = 16;
constexpr int kStep = kSide; // places, or channels, that are in shared memory at a time
static_assert(kRunPlaces % kStep == 0 && kSlicePlaces % kRunPlaces == 0);

__host__ __device__ std::int64_t tiles_of(std::int64_t count) {
    return (count + kSide - 1) / kSide;
}

/// Products of kSide channels with kSide others over a slice of places; a slice has its own part of the
/// workspace, so that the order of all sums is always the same.
__global__ void __launch_bounds__(kSide *kSide) product_kernel(mirra_cuda_moments moments) {
    __shared__ float rows[kSide][kStep + 1], columns[kSide][kStep + 1];
    const std::int64_t channels = moments.features.channels, tiles = tiles_of(channels);
    const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
    const std::int64_t first_row = blockIdx.x / tiles * kSide, first_column = blockIdx.x % tiles * kSide;
    const std::int64_t slice = blockIdx.y, begin = slice * kSlicePlaces;
    const std::int64_t end =
        begin + kSlicePlaces < moments.features.count ? begin + kSlicePlaces : moments.features.count;
    ProductSum sum;
    for (std::int64_t place = begin; place < end; place += kStep) {
        const bool there = place + x < end;
        rows[y][x] = there && first_row + y < channels ? rooted(moments, first_row + y, place + x) : 0.0F;
        columns[y][x] =
            there && first_column + y < channels ? rooted(moments, first_column + y, place + x) : 0.0F;
        __syncthreads();
        for (int i = 0; i < kStep; ++i) sum.add(rows[y][i], columns[x][i]);
        __syncthreads();
        if ((place + kStep - begin) % kRunPlaces == 0) sum.end_run();
    }
    sum.end_run();
    if (first_row + y < channels && first_column + x < channels)
        moments.workspace[(slice * channels + first_row + y) * channels + first_column + x] = sum.total();
}

/// The sum of a channel over a slice, by one warp a channel and slice.
__global__ void __launch_bounds__(kThreads) sum_kernel(mirra_cuda_moments moments, std::int64_t slices) {
    const std::int64_t channels = moments.features.channels;
    const std::int64_t item = (static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x) / 32;
    if (item >= channels * slices) return;
    const std::int64_t channel = item % channels, begin = item / channels * kSlicePlaces;
    const std::int64_t end =
        begin + kSlicePlaces < moments.features.count ? begin + kSlicePlaces : moments.features.count;
    double sum = 0;
    for (std::int64_t place = begin + threadIdx.x % 32; place < end; place += 32)
        sum += static_cast<double>(weighted(moments, channel, place));
    for (int apart = 16; apart > 0; apart /= 2) sum += __shfl_down_sync(0xffffffffU, sum, apart);
    if (threadIdx.x % 32 == 0) moments.workspace[slices * channels * channels + item] = sum;
}

/// Adds what the slices have, in their order.
__global__ void __launch_bounds__(kThreads) add_kernel(mirra_cuda_moments moments, std::int64_t slices) {
    const std::int64_t channels = moments.features.channels, products = channels * channels;
    for_items(products + channels, [&](std::int64_t i) {
        double &to = i < products ? moments.products[i] : moments.sums[i - products];
        const double *const from =
            i < products ? moments.workspace + i : moments.workspace + slices * products + (i - products);
        const std::int64_t step = i < products ? products : channels;
        for (std::int64_t slice = 0; slice < slices; ++slice) to += from[slice * step];
    });
}

/// kSide channels at kSide places.
__global__ void __launch_bounds__(kSide *kSide) transform_kernel(mirra_cuda_transform transform) {
    __shared__ float matrix[kSide][kStep + 1], features[kStep][kSide];
    const std::int64_t channels = transform.features.channels, count = transform.features.count;
    const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
    const std::int64_t channel = static_cast<std::int64_t>(blockIdx.y) * kSide + y,
                       place = static_cast<std::int64_t>(blockIdx.x) * kSide + x;
    float product = 0;
    for (std::int64_t first = 0; first < channels; first += kStep) {
        matrix[y][x] = channel < channels && first + x < channels
                           ? transform.matrix[channel * channels + first + x]
                           : 0.0F;
        features[y][x] =
            place < count && first + y < channels ? centred(transform.features, first + y, place) : 0.0F;
        __syncthreads();
        for (int i = 0; i < kStep; ++i) product = fmaf(matrix[y][i], features[i][x], product);
        __syncthreads();
    }
    if (channel < channels && place < count) mix_in(transform, channel, place, product);
}

} // namespace

int64_t moments_workspace(int64_t channels, int64_t count) {
    return slices_of(count) * channels * (channels + 1);
}

int32_t add_moments(const mirra_cuda_moments *moments, void *stream) {
    if (const int32_t error = check_moments(moments); error != 0) return error;
    const std::int64_t channels = moments->features.channels, slices = slices_of(moments->features.count);
    constexpr std::int64_t kMostSlices = 65535; // of a grid's second axis: 2^28 places
    if (slices > kMostSlices) return MIRRA_CUDA_INVALID;
    const std::int64_t tiles = tiles_of(channels);
    const dim3 grid(static_cast<unsigned>(tiles * tiles), static_cast<unsigned>(slices));
    product_kernel<<<grid, dim3(kSide, kSide), 0, as_stream(stream)>>>(*moments);
    sum_kernel<<<blocks_for(channels * slices * 32), kThreads, 0, as_stream(stream)>>>(*moments, slices);
    add_kernel<<<blocks_for(channels * (channels + 1)), kThreads, 0, as_stream(stream)>>>(*moments, slices);
    return cudaGetLastError();
}

int32_t apply_transform(const mirra_cuda_transform *transform, void *stream) {
    if (const int32_t error = check_transform(transform); error != 0) return error;
    const dim3 grid(static_cast<unsigned>(tiles_of(transform->features.count)),
                    static_cast<unsigned>(tiles_of(transform->features.channels)));
    transform_kernel<<<grid, dim3(kSide, kSide), 0, as_stream(stream)>>>(*transform);
    return cudaGetLastError();
}

} // namespace mirra::cuda
