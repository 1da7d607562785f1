// A small JPEG of a picture: means of a few pixels of each cell.
#include "thumbnail.hpp"

#include "codec.hpp"
#include "mirra/srgb_curve.hpp"
#include "rows.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::image::detail {
namespace {

constexpr std::int32_t kSide = 160;
constexpr std::int64_t kRowsPerCell = 2;
constexpr std::int64_t kColumnsPerCell = 4;
constexpr int kQuality = 75;

/// For a picture in linear light.
std::byte srgb_byte(int value) {
    return static_cast<std::byte>(std::lround(255 * encode_srgb(value / 255.0)));
}

} // namespace

Thumbnail make_thumbnail(const ConstImageView &picture) {
    const double scale = std::min(1.0, static_cast<double>(kSide) / std::max(picture.width, picture.height));
    const auto reduced = [scale](std::int32_t side) {
        return std::max(1, static_cast<std::int32_t>(std::lround(side * scale)));
    };
    RowPacker packer(picture, SampleType::u8, RowAlpha::over_white);
    const auto channels = static_cast<std::size_t>(packer.channels());
    Image small(reduced(picture.width), reduced(picture.height), packer.channels(), SampleType::u8);
    std::vector<std::byte> row(packer.row_bytes());
    std::vector<int> sums(static_cast<std::size_t>(small.width()) * channels);
    for (std::int64_t y = 0; y < small.height(); ++y) {
        std::ranges::fill(sums, 0);
        for (std::int64_t part = 0; part < kRowsPerCell; ++part) {
            const std::int64_t at =
                (2 * (kRowsPerCell * y + part) + 1) * picture.height / (2 * kRowsPerCell * small.height());
            packer.pack(static_cast<std::int32_t>(at), row.data());
            for (std::int64_t i = 0; i < std::int64_t{small.width()} * kColumnsPerCell; ++i) {
                const std::int64_t x =
                    (2 * i + 1) * picture.width / (2 * kColumnsPerCell * std::int64_t{small.width()});
                for (std::size_t c = 0; c < channels; ++c) {
                    sums[static_cast<std::size_t>(i / kColumnsPerCell) * channels + c] +=
                        std::to_integer<int>(row[static_cast<std::size_t>(x) * channels + c]);
                }
            }
        }
        for (std::size_t i = 0; i < sums.size(); ++i) {
            const int mean = sums[i] / static_cast<int>(kRowsPerCell * kColumnsPerCell);
            small.bytes()[static_cast<std::size_t>(y) * sums.size() + i] =
                picture.transfer == Transfer::linear ? srgb_byte(mean) : static_cast<std::byte>(mean);
        }
    }
    return {small.width(), small.height(), jpeg_codec().encode(small.view(), {}, {.jpeg_quality = kQuality})};
}

} // namespace mirra::image::detail
