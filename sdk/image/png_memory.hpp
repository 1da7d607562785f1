// Memory of libpng and of zlib below it, which remembers whether it was lacking: their errors are texts.
#pragma once

#include <cstdlib>

#include <png.h>

namespace mirra::image::detail {

/// Given to png_create_read_struct_2() or png_create_write_struct_2(), which it outlives.
class PngMemory {
  public:
    static png_voidp take(png_structp png, png_alloc_size_t bytes) {
        void *block = std::malloc(bytes);
        if (block == nullptr) static_cast<PngMemory *>(png_get_mem_ptr(png))->lacking_ = true;
        return block;
    }
    static void give_back(png_structp, png_voidp block) { std::free(block); }

    /// Something else than libpng could not have memory.
    void lack() noexcept { lacking_ = true; }
    [[nodiscard]] bool lacking() const noexcept { return lacking_; }

  private:
    bool lacking_ = false;
};

} // namespace mirra::image::detail
