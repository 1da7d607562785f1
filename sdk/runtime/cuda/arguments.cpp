#include "runtime/cuda/arguments.hpp"

#include <cstdint>

namespace mirra::cuda {
namespace {

std::int64_t sample_bytes(std::int32_t sample) {
    if (sample == MIRRA_CUDA_U8) return 1;
    return sample == MIRRA_CUDA_F32 ? 4 : 2;
}

bool is_tile(const mirra_cuda_tile &tile) {
    const int colors = tile.channels - (tile.with_alpha != 0 ? 1 : 0);
    return tile.values != nullptr && tile.width > 0 && tile.height > 0 && (colors == 1 || colors == 3) &&
           (tile.type == MIRRA_CUDA_FLOAT || tile.type == MIRRA_CUDA_HALF);
}

bool is_inside(const mirra_cuda_core &core, const mirra_cuda_tile &tile, const mirra_cuda_image &image) {
    return core.width > 0 && core.height > 0 && core.x >= 0 && core.y >= 0 && core.x >= tile.x &&
           core.y >= tile.y && core.x + core.width <= image.width && core.y + core.height <= image.height &&
           core.x + core.width <= tile.x + tile.width && core.y + core.height <= tile.y + tile.height;
}

bool is_features(const mirra_cuda_features &features) {
    return features.values != nullptr && features.origin != nullptr && features.channels > 0 &&
           features.count > 0 && features.stride >= features.count;
}

} // namespace

int32_t check_image(const mirra_cuda_image &image) {
    if (image.width < 1 || image.height < 1 || image.channels < 1 || image.channels > 4)
        return MIRRA_CUDA_INVALID;
    if (image.sample < MIRRA_CUDA_U8 || image.sample > MIRRA_CUDA_F32) return MIRRA_CUDA_INVALID;
    const bool with_alpha = image.channels == 2 || image.channels == 4;
    if (with_alpha != (image.alpha == MIRRA_CUDA_STRAIGHT || image.alpha == MIRRA_CUDA_PREMULTIPLIED))
        return MIRRA_CUDA_INVALID;
    const std::int64_t bytes = sample_bytes(image.sample);
    if (image.x_stride % bytes != 0 || image.y_stride % bytes != 0) return MIRRA_CUDA_MISALIGNED;
    for (std::int32_t c = 0; c < image.channels; ++c) {
        if (image.data[c] == nullptr) return MIRRA_CUDA_INVALID;
        if (reinterpret_cast<std::uintptr_t>(image.data[c]) % static_cast<std::uintptr_t>(bytes) != 0)
            return MIRRA_CUDA_MISALIGNED;
    }
    return 0;
}

int32_t check_gather(const mirra_cuda_image *image, const mirra_cuda_tile *tile,
                     const mirra_cuda_gathering *gathering) {
    if (image == nullptr || tile == nullptr || gathering == nullptr || !is_tile(*tile))
        return MIRRA_CUDA_INVALID;
    if (gathering->border != MIRRA_CUDA_REPLICATED && gathering->border != MIRRA_CUDA_MIRRORED)
        return MIRRA_CUDA_INVALID;
    return check_image(*image);
}

int32_t check_scatter(const mirra_cuda_tile *tile, const mirra_cuda_core *core,
                      const mirra_cuda_image *source, const mirra_cuda_image *image) {
    if (tile == nullptr || core == nullptr || image == nullptr || !is_tile(*tile)) return MIRRA_CUDA_INVALID;
    if (!is_inside(*core, *tile, *image)) return MIRRA_CUDA_INVALID;
    if (source != nullptr) {
        if (source->width != image->width || source->height != image->height) return MIRRA_CUDA_INVALID;
        if (const int32_t error = check_image(*source); error != 0) return error;
    }
    return check_image(*image);
}

int32_t check_haar(const mirra_cuda_haar *haar, bool synthesis) {
    if (haar == nullptr || haar->picture == nullptr || haar->bands == nullptr || haar->count < 1 ||
        haar->channels < 1 || haar->height < 2 || haar->width < 2)
        return MIRRA_CUDA_INVALID;
    if (synthesis && (haar->height % 2 != 0 || haar->width % 2 != 0)) return MIRRA_CUDA_INVALID;
    return haar->type < MIRRA_CUDA_FLOAT || haar->type > MIRRA_CUDA_BFLOAT16 ? MIRRA_CUDA_INVALID : 0;
}

int32_t check_moments(const mirra_cuda_moments *moments) {
    const bool good = moments != nullptr && is_features(moments->features) && moments->sums != nullptr &&
                      moments->products != nullptr && moments->workspace != nullptr;
    return good ? 0 : MIRRA_CUDA_INVALID;
}

int32_t check_transform(const mirra_cuda_transform *transform) {
    const bool good = transform != nullptr && is_features(transform->features) &&
                      transform->matrix != nullptr && transform->mean != nullptr &&
                      transform->out != nullptr && transform->out_stride >= transform->features.count;
    return good ? 0 : MIRRA_CUDA_INVALID;
}

const char *own_error_text(int32_t error) {
    if (error == MIRRA_CUDA_INVALID) return "an argument that no picture or tensor has";
    if (error == MIRRA_CUDA_MISALIGNED) return "samples that do not lie at multiples of their size";
    return nullptr;
}

} // namespace mirra::cuda
