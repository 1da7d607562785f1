// The Haar transform of tensors: a thread a square of two by two values, channels beside each other.
#include "runtime/cuda/arguments.hpp"
#include "runtime/cuda/haar_square.hpp"
#include "runtime/cuda/launch.cuh"

namespace mirra::cuda {
namespace {

template<class Values>
__global__ void __launch_bounds__(kThreads) analysis_kernel(mirra_cuda_haar haar, std::int64_t squares) {
    for_items(squares, [&](std::int64_t i) { analyse_square<Values>(haar, i); });
}

template<class Values>
__global__ void __launch_bounds__(kThreads) synthesis_kernel(mirra_cuda_haar haar, std::int64_t squares) {
    for_items(squares, [&](std::int64_t i) { synthesise_square<Values>(haar, i); });
}

std::int64_t squares_of(const mirra_cuda_haar &haar) {
    return haar.count * (haar.height / 2) * (haar.width / 2) * haar.channels;
}

} // namespace

int32_t haar_analysis(const mirra_cuda_haar *haar, void *stream) {
    if (const int32_t error = check_haar(haar, false); error != 0) return error;
    const std::int64_t squares = squares_of(*haar);
    with_values(haar->type, [&](auto values) {
        analysis_kernel<decltype(values)>
            <<<blocks_for(squares), kThreads, 0, as_stream(stream)>>>(*haar, squares);
    });
    return cudaGetLastError();
}

int32_t haar_synthesis(const mirra_cuda_haar *haar, void *stream) {
    if (const int32_t error = check_haar(haar, true); error != 0) return error;
    const std::int64_t squares = squares_of(*haar);
    with_values(haar->type, [&](auto values) {
        synthesis_kernel<decltype(values)>
            <<<blocks_for(squares), kThreads, 0, as_stream(stream)>>>(*haar, squares);
    });
    return cudaGetLastError();
}

} // namespace mirra::cuda
