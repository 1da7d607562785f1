// Premultiplied colours made straight, which all pictures of this library are.
#pragma once

#include "mirra/image.hpp"
#include "samples.hpp"

namespace mirra::image::detail {

/// In place. @param image  with alpha
inline void make_straight(Image &image) {
    with_sample(image.sample(), [&](auto sample) {
        using Sample = decltype(sample);
        const int colors = image.view().color_channels();
        const auto pixel = static_cast<std::size_t>(image.channels() * Sample::kBytes);
        for (std::size_t at = 0; at < image.bytes().size(); at += pixel) {
            std::byte *const place = image.bytes().data() + at;
            const float alpha = clamp_unit(Sample::load(place + colors * Sample::kBytes));
            for (int c = 0; c < colors; ++c) {
                std::byte *const one = place + c * Sample::kBytes;
                Sample::store(one, alpha > 0.0F ? Sample::load(one) / alpha : 0.0F);
            }
        }
    });
}

} // namespace mirra::image::detail
