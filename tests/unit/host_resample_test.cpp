// A further image brought to the size of the run's.
#include "resample.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mirra::host {
namespace {

image::Image ramp(std::int32_t width, std::int32_t height) {
    image::Image picture(width, height, 3, image::SampleType::u8);
    auto bytes = picture.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 % 251);
    return picture;
}

std::vector<float> resampled(const image::Image &picture, std::int64_t width, std::int64_t height,
                             const runtime::Rect &rect) {
    std::vector<float> out(static_cast<std::size_t>(rect.width * rect.height * 3));
    load_resampled(see(picture.view()), width, height, rect, 3, out);
    return out;
}

TEST(HostResample, ItsOwnSizeGivesItsOwnPixels) {
    const image::Image picture = ramp(13, 9);
    const auto out = resampled(picture, 13, 9, {0, 0, 13, 9});
    for (std::size_t i = 0; i < out.size(); ++i)
        ASSERT_EQ(out[i], static_cast<float>(std::to_integer<int>(picture.bytes()[i])) / 255.0F) << i;
}

TEST(HostResample, PartsAreThoseOfTheWholeAndEdgesAreReplicated) {
    const image::Image picture = ramp(31, 17);
    const auto whole = resampled(picture, 12, 20, {0, 0, 12, 20});
    const auto part = resampled(picture, 12, 20, {-3, 5, 18, 18});
    for (std::int64_t y = 0; y < 18; ++y)
        for (std::int64_t x = 0; x < 18; ++x) {
            const auto from_x = std::clamp<std::int64_t>(x - 3, 0, 11),
                       from_y = std::min<std::int64_t>(y + 5, 19);
            for (std::int64_t c = 0; c < 3; ++c)
                ASSERT_EQ(part[static_cast<std::size_t>((y * 18 + x) * 3 + c)],
                          whole[static_cast<std::size_t>((from_y * 12 + from_x) * 3 + c)])
                    << x << ", " << y;
        }
}

TEST(HostResample, HalvingAverages) {
    image::Image picture(8, 8, 3, image::SampleType::u8);
    auto bytes = picture.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>((i / 3) % 2 * 200);
    const auto out = resampled(picture, 4, 4, {1, 1, 2, 2});
    for (const float value : out) EXPECT_NEAR(value, 100.0 / 255, 1e-6);
}

TEST(HostResample, FromAndToASinglePixel) {
    const image::Image picture = ramp(1, 1);
    const auto out = resampled(picture, 40, 30, {0, 0, 40, 30});
    for (std::size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], out[i % 3]);
    EXPECT_EQ(resampled(ramp(50, 40), 1, 1, {0, 0, 1, 1}).size(), 3U);
}

TEST(HostResample, PlanesAreBroughtToASizeAsPicturesAre) {
    constexpr std::int64_t kPlanes = 3;
    const image::Image picture = ramp(31, 17);
    std::vector<float> planes(31 * 17 * kPlanes);
    for (std::size_t i = 0; i < planes.size(); ++i)
        planes[i % kPlanes * 31 * 17 + i / kPlanes] =
            static_cast<float>(std::to_integer<int>(picture.bytes()[i])) / 255.0F;
    for (const auto &[width, height] :
         {std::pair<std::int64_t, std::int64_t>{12, 20}, {31, 17}, {1, 1}, {64, 5}}) {
        const auto expected = resampled(picture, width, height, {0, 0, width, height});
        std::vector<float> out(static_cast<std::size_t>(width * height * kPlanes));
        resample_planes(planes, 17, 31, height, width, out);
        for (std::size_t i = 0; i < expected.size(); ++i)
            ASSERT_NEAR(out[i % kPlanes * static_cast<std::size_t>(width * height) + i / kPlanes],
                        expected[i], 1e-6)
                << width << "x" << height << " " << i;
    }
    std::vector<float> same(planes.size());
    resample_planes(planes, 17, 31, 17, 31, same);
    EXPECT_EQ(same, planes);
}

} // namespace
} // namespace mirra::host
