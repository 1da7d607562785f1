// JPEG files, with their metadata.
#include "fuzz.hpp"

#include "mirra/image.hpp"

using namespace mirra;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    constexpr std::uint64_t kPixels = 1U << 18;
    const auto file = fuzz::bytes_of(data, size);
    fuzz::taken(
        [&] { (void)image::decode(file, {.max_pixels = kPixels, .reduce_to = 8, .tolerate_damage = true}); });
    image::Image picture;
    if (!fuzz::taken([&] { picture = image::decode(file, {.max_pixels = kPixels}); })) return 0;
    for (const auto *format : {"jpeg", "png"}) {
        std::vector<std::byte> written;
        if (!fuzz::taken([&] { written = image::encode(picture, format); })) continue;
        const auto again = image::decode(written);
        fuzz::expect(again.width() == picture.width() && again.height() == picture.height(), "another size");
    }
    return 0;
}
