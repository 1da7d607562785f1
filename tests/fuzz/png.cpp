// PNG files. Checksums are mended after each mutation, or hardly an input would come past the first chunk.
#include "fuzz.hpp"

#include "mirra/image.hpp"

#include <algorithm>
#include <vector>

#include <zlib.h>

using namespace mirra;

#ifdef MIRRA_LIBFUZZER
namespace {

std::uint32_t big_endian(const std::uint8_t *bytes) {
    return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
           static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

void mend_checksums(std::span<std::uint8_t> file) {
    constexpr std::size_t kSignature = 8, kOverhead = 12;
    std::size_t at = kSignature;
    while (at + kOverhead <= file.size()) {
        const std::size_t length = big_endian(&file[at]);
        if (length > file.size() - at - kOverhead) return;
        const auto sum = crc32(0, &file[at + 4], static_cast<uInt>(length + 4));
        for (std::size_t i = 0; i < 4; ++i)
            file[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
        at += kOverhead + length;
    }
}

} // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t *data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t *data, std::size_t size, std::size_t most,
                                               unsigned seed) {
    constexpr unsigned kLeaveBroken = 16;
    size = LLVMFuzzerMutate(data, size, most);
    if (seed % kLeaveBroken != 0) mend_checksums({data, size});
    return size;
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    constexpr std::uint64_t kPixels = 1U << 18;
    const auto file = fuzz::bytes_of(data, size);
    fuzz::taken([&] { (void)image::decode(file, {.max_pixels = kPixels, .tolerate_damage = true}); });
    image::Image picture;
    if (!fuzz::taken([&] { picture = image::decode(file, {.max_pixels = kPixels}); })) return 0;
    // What was read can be written, and read again as the same.
    for (const auto *format : {"png", "jpeg"}) {
        std::vector<std::byte> written;
        if (!fuzz::taken([&] { written = image::encode(picture, format); })) continue;
        const auto again = image::decode(written);
        fuzz::expect(again.width() == picture.width() && again.height() == picture.height(), "another size");
        if (std::string_view(format) == "png")
            fuzz::expect(std::ranges::equal(again.bytes(), picture.bytes()), "other pixels");
    }
    return 0;
}
