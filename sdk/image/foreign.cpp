// The table of files that are not read.
#include "foreign.hpp"

#include <algorithm>
#include <array>

namespace mirra::image::detail {
namespace {

using namespace std::string_view_literals;

struct Signature {
    std::size_t place;
    std::string_view bytes;
    Foreign format;
};

constexpr std::string_view kHeif = "convert it first, for example: heif-convert FILE picture.png";
constexpr std::string_view kMagick = "convert it first, for example: magick FILE picture.png";
constexpr Foreign kJxl{"a JPEG XL picture, and this build is without libjxl 0.11",
                       "convert it first, for example: djxl FILE picture.png"};
constexpr Foreign kRaw{"a raw file of a camera", kDevelopHint};

constexpr std::array kSignatures{
    Signature{4, "ftyphei"sv, {"a HEIC picture", kHeif}},
    Signature{4, "ftyphev"sv, {"a HEIC picture", kHeif}},
    Signature{4, "ftypmif1"sv, {"a HEIF picture", kHeif}},
    Signature{4, "ftypmsf1"sv, {"a HEIF picture", kHeif}},
    Signature{4, "ftypavi"sv, {"an AVIF picture", "convert it first, for example: avifdec FILE picture.png"}},
    Signature{4, "ftypcrx"sv, kRaw},
    Signature{8, "CR\x02"sv, kRaw},
    Signature{0, "FUJIFILMCCD-RAW"sv, kRaw},
    Signature{0, "IIU\0"sv, kRaw},
    Signature{0, "IIRO"sv, kRaw},
    Signature{0, "IIRS"sv, kRaw},
    Signature{0, "MMOR"sv, kRaw},
    Signature{0, "FOVb"sv, kRaw},
    Signature{0, "\0MRM"sv, kRaw},
    Signature{6, "HEAPCCDR"sv, kRaw},
    Signature{0, "\xff\x0a"sv, kJxl},
    Signature{0, "\0\0\0\x0cJXL "sv, kJxl},
    Signature{
        0,
        "\0\0\0\x0cjP  "sv,
        {"a JPEG 2000 picture", "convert it first, for example: opj_decompress -i FILE -o picture.png"}},
    Signature{
        0,
        "\xff\x4f\xff\x51"sv,
        {"a JPEG 2000 picture", "convert it first, for example: opj_decompress -i FILE -o picture.png"}},
    Signature{8,
              "WEBP"sv,
              {"a WebP picture, and this build is without libwebp",
               "convert it first, for example: dwebp FILE -o picture.png"}},
    Signature{0, "II*\0"sv, {"a TIFF picture, and this build is without libtiff", kMagick}},
    Signature{0, "MM\0*"sv, {"a TIFF picture, and this build is without libtiff", kMagick}},
    Signature{0, "GIF8"sv, {"a GIF picture", kMagick}},
    Signature{0, "BM"sv, {"a BMP picture", kMagick}},
    Signature{0, "8BPS"sv, {"a Photoshop document", kMagick}},
    Signature{0,
              "\x76\x2f\x31\x01"sv,
              {"an OpenEXR picture", "convert it first, for example: oiiotool FILE -o picture.tif"}},
    Signature{0,
              "#?RADIANCE"sv,
              {"a Radiance picture", "convert it first, for example: oiiotool FILE -o picture.tif"}},
    Signature{
        0, "%PDF"sv, {"a PDF document", "convert a page of it first, for example: pdftoppm -png FILE page"}},
    Signature{0, "gimp xcf"sv, {"a GIMP document", "export it from GIMP as PNG or TIFF"}},
    Signature{0, "P5\n"sv, {"a PGM picture", kMagick}},
    Signature{0, "P6\n"sv, {"a PPM picture", kMagick}},
};

} // namespace

std::optional<Foreign> foreign_format(ByteSpan bytes) noexcept {
    const std::string_view text = as_text(bytes.first(std::min<std::size_t>(bytes.size(), 32)));
    const auto found = std::ranges::find_if(kSignatures, [&](const Signature &each) {
        return text.size() >= each.place + each.bytes.size() &&
               text.substr(each.place, each.bytes.size()) == each.bytes;
    });
    return found == kSignatures.end() ? std::nullopt : std::optional(found->format);
}

} // namespace mirra::image::detail
