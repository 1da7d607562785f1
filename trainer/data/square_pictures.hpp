// Pictures as the task "detect" takes them: square, the aspect not kept.
#pragma once

#include "data/picture_store.hpp"

#include <memory>

namespace mirra::trainer {

/// An RGB picture with 8 bits at extent x extent, by the filter that hosts bring it to size with.
image::Image squared(const image::Image &picture, std::int64_t extent);

/// The pictures of a store at extent x extent.
std::unique_ptr<PictureStore> square_pictures(std::unique_ptr<PictureStore> store, std::int64_t extent);

} // namespace mirra::trainer
