// JPEG XL files.
#include "fuzz.hpp"

#include "mirra/image.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    constexpr std::uint64_t kPixels = 1U << 16;
    const auto file = fuzz::bytes_of(data, size);
    // Whatever begins so is a JPEG XL; other formats have targets of their own.
    if (size < 2 || !((data[0] == 0xff && data[1] == 0x0a) || data[0] == 0)) return 0;
    fuzz::taken([&] { (void)image::decode(file, {.max_pixels = kPixels, .tolerate_damage = true}); });
    image::Image picture;
    if (!fuzz::taken([&] { picture = image::decode(file, {.max_pixels = kPixels}); })) return 0;
    // What was read can be written, and read again as large; libjxl takes long for larger ones.
    constexpr std::int64_t kSmall = 1024;
    const bool small = std::int64_t{picture.width()} * picture.height() <= kSmall;
    const auto written = image::encode(picture, small ? "jxl" : "png", {.jpeg_quality = 100});
    const auto again = image::decode(written);
    fuzz::expect(again.width() == picture.width() && again.height() == picture.height(), "another size");
    return 0;
}
