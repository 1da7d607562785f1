#include "runtime/cuda/host_twins.hpp"

#include "runtime/cuda/arguments.hpp"
#include "runtime/cuda/feature_transform.hpp"
#include "runtime/cuda/haar_square.hpp"
#include "runtime/cuda/tile_gather.hpp"
#include "runtime/cuda/tile_scatter.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace mirra::cuda {
namespace {

constexpr int32_t kOutOfMemory = 2; // as CUDA's

const char *error_text(int32_t error) {
    const char *const own = own_error_text(error);
    if (own != nullptr) return own;
    return error == kOutOfMemory ? "out of memory" : "no error";
}

int32_t allocate(void **memory, size_t bytes) {
    *memory = std::malloc(bytes);
    return *memory == nullptr ? kOutOfMemory : 0;
}

int32_t release(void *memory) {
    std::free(memory);
    return 0;
}

int32_t copy(void *to, const void *from, size_t bytes, void *) {
    if (bytes > 0) std::memcpy(to, from, bytes);
    return 0;
}

/// Everything is done at once here: streams and fences are nothing.
int32_t create_nothing(void **handle) {
    *handle = nullptr;
    return 0;
}

int32_t wait_on_stream(void *, void *) {
    return 0;
}

int32_t wait(void *) {
    return 0;
}

int32_t gather_tile(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                    const mirra_cuda_gathering *gathering, void *) {
    if (const int32_t error = check_gather(image, tile, gathering); error != 0) return error;
    with_sample(image->sample, [&](auto sample) {
        with_values(tile->type, [&](auto values) {
            for (std::int64_t y = 0; y < tile->height; ++y)
                for (std::int64_t x = 0; x < tile->width; ++x)
                    gather_pixel<decltype(sample), decltype(values)>(*image, *tile, *gathering, x, y);
        });
    });
    return 0;
}

int32_t scatter_tile(const mirra_cuda_tile *tile, const mirra_cuda_core *core, const mirra_cuda_image *source,
                     const mirra_cuda_image *image, void *) {
    if (const int32_t error = check_scatter(tile, core, source, image); error != 0) return error;
    const mirra_cuda_image from = source == nullptr ? mirra_cuda_image{} : *source;
    with_sample(image->sample, [&](auto sample) {
        with_values(tile->type, [&](auto values) {
            for (std::int64_t y = core->y; y < core->y + core->height; ++y)
                for (std::int64_t x = core->x; x < core->x + core->width; ++x)
                    scatter_pixel<decltype(sample), decltype(values)>(*tile, from, *image, x, y);
        });
    });
    return 0;
}

std::int64_t squares_of(const mirra_cuda_haar &haar) {
    return haar.count * (haar.height / 2) * (haar.width / 2) * haar.channels;
}

int32_t haar_analysis(const mirra_cuda_haar *haar, void *) {
    if (const int32_t error = check_haar(haar, false); error != 0) return error;
    with_values(haar->type, [&](auto values) {
        for (std::int64_t i = 0; i < squares_of(*haar); ++i) analyse_square<decltype(values)>(*haar, i);
    });
    return 0;
}

int32_t haar_synthesis(const mirra_cuda_haar *haar, void *) {
    if (const int32_t error = check_haar(haar, true); error != 0) return error;
    with_values(haar->type, [&](auto values) {
        for (std::int64_t i = 0; i < squares_of(*haar); ++i) synthesise_square<decltype(values)>(*haar, i);
    });
    return 0;
}

int64_t moments_workspace(int64_t channels, int64_t count) {
    return slices_of(count) * channels * (channels + 1);
}

/// Of two channels over a slice.
double product_sum(const mirra_cuda_moments &moments, std::int64_t a, std::int64_t b, std::int64_t slice) {
    const std::int64_t begin = slice * kSlicePlaces,
                       end = std::min(begin + kSlicePlaces, moments.features.count);
    ProductSum sum;
    for (std::int64_t run = begin; run < end; run += kRunPlaces) {
        for (std::int64_t place = run; place < std::min(run + kRunPlaces, end); ++place)
            sum.add(rooted(moments, a, place), rooted(moments, b, place));
        sum.end_run();
    }
    return sum.total();
}

int32_t add_moments(const mirra_cuda_moments *moments, void *) {
    if (const int32_t error = check_moments(moments); error != 0) return error;
    const mirra_cuda_features &features = moments->features;
    for (std::int64_t a = 0; a < features.channels; ++a) {
        double sum = 0;
        for (std::int64_t place = 0; place < features.count; ++place)
            sum += static_cast<double>(weighted(*moments, a, place));
        moments->sums[a] += sum;
        for (std::int64_t b = 0; b < features.channels; ++b)
            for (std::int64_t slice = 0; slice < slices_of(features.count); ++slice)
                moments->products[a * features.channels + b] += product_sum(*moments, a, b, slice);
    }
    return 0;
}

int32_t apply_transform(const mirra_cuda_transform *transform, void *) {
    if (const int32_t error = check_transform(transform); error != 0) return error;
    const mirra_cuda_features &features = transform->features;
    for (std::int64_t c = 0; c < features.channels; ++c) {
        const float *const row = transform->matrix + c * features.channels;
        for (std::int64_t place = 0; place < features.count; ++place) {
            float product = 0;
            for (std::int64_t k = 0; k < features.channels; ++k)
                product = std::fma(row[k], centred(features, k, place), product);
            mix_in(*transform, c, place, product);
        }
    }
    return 0;
}

} // namespace

const mirra_cuda_kernels &host_twins() {
    static const mirra_cuda_kernels table{
        .struct_size = sizeof(mirra_cuda_kernels),
        .cuda = 0,
        .driver = 0,
        .architectures = nullptr,
        .architecture_count = 0,
        .intermediate = 0,
        .error_text = error_text,
        .allocate = allocate,
        .release = release,
        .allocate_pinned = allocate,
        .release_pinned = release,
        .to_device = copy,
        .to_processor = copy,
        .wait = wait,
        .create_stream = create_nothing,
        .destroy_stream = wait,
        .create_fence = create_nothing,
        .destroy_fence = wait,
        .mark_fence = wait_on_stream,
        .wait_on_stream = wait_on_stream,
        .wait_for_fence = wait,
        .gather_tile = gather_tile,
        .scatter_tile = scatter_tile,
        .haar_analysis = haar_analysis,
        .haar_synthesis = haar_synthesis,
        .moments_workspace = moments_workspace,
        .add_moments = add_moments,
        .apply_transform = apply_transform,
    };
    return table;
}

} // namespace mirra::cuda
