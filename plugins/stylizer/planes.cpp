// Features or pixels of a whole image, in the memory of the host.
#include "planes.hpp"

namespace stylizer {

Tensor Planes::cut(const Host &host, const mirra_rect &rect) const {
    std::vector<float> part(static_cast<std::size_t>(channels_ * rect.height * rect.width));
    auto to = part.begin();
    for (std::int64_t c = 0; c < channels_; ++c)
        for (std::int64_t row = 0; row < rect.height; ++row)
            to = std::copy_n(channel(c) + (rect.y + row) * width_ + rect.x, rect.width, to);
    return host.upload(part, {1, channels_, rect.height, rect.width});
}

void Planes::put(const Host &host, const Tensor &tensor, std::int64_t x, std::int64_t y,
                 const mirra_rect &rect) {
    const Shape shape = host.shape(tensor.get());
    if (shape[1] != channels_ || rect.x < x || rect.y < y || rect.x + rect.width > x + shape[3] ||
        rect.y + rect.height > y + shape[2])
        host.fail(MIRRA_E_MISMATCH, "a network of the bundle gives other extents than its graph says",
                  "bundle", "Use a bundle that was trained by mirra-train stylizer.");
    const std::vector<float> from = host.download(tensor.get());
    for (std::int64_t c = 0; c < channels_; ++c)
        for (std::int64_t row = 0; row < rect.height; ++row)
            std::copy_n(from.begin() + (c * shape[2] + rect.y + row - y) * shape[3] + rect.x - x, rect.width,
                        channel(c) + (rect.y + row) * width_ + rect.x);
}

} // namespace stylizer
