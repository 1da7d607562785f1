// Samples of a picture in the processor's memory, packed for the way to a device, and back.
#pragma once

#include "runtime/cuda/kernels.h"

#include <cstddef>
#include <cstdint>

namespace mirra::cuda {

/// The pixels of a picture that a tile reads, edges replicated.
struct Seen {
    std::int64_t x, y;
    std::int32_t width, height;
};
Seen seen_by(const mirra_cuda_tile &tile, const mirra_cuda_image &image);

/// Bytes of a picture's part, rows and pixels without gaps.
std::size_t packed_bytes(const mirra_cuda_image &image, const Seen &part);
/// The picture that such a part is, at `memory`.
mirra_cuda_image packed_image(const mirra_cuda_image &image, const Seen &part, void *memory);
/// Copies a part as it is.
void pack(const mirra_cuda_image &image, const Seen &part, std::byte *to);
/// Copies it back.
void unpack(const std::byte *from, const mirra_cuda_image &image, const Seen &part);
/// Copies the samples of a picture to another one of its size, channels and type.
void copy_samples(const mirra_cuda_image &from, const mirra_cuda_image &to);

/// Bytes of a sample.
std::int64_t sample_bytes(const mirra_cuda_image &image);

} // namespace mirra::cuda
