// Crops cut on a device are those that the loader's threads cut; the processor stands for the device.
#include "core/random.hpp"
#include "data/device_pictures.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace {

using namespace mirra;
using namespace mirra::trainer;

std::shared_ptr<const image::Image> picture_of(std::int32_t width, std::int32_t height, std::uint64_t seed) {
    image::Image out(width, height, 3, image::SampleType::u8);
    auto bytes = out.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(mix(seed + i) & 0xff);
    return std::make_shared<const image::Image>(std::move(out));
}

constexpr std::int64_t kCrop = 16;

/// Each way to cut, of three pictures, one of which is smaller than a crop.
std::vector<CropCut> all_cuts() {
    const std::vector pictures{picture_of(40, 23, 1), picture_of(16, 50, 2), picture_of(9, 11, 3)};
    std::vector<CropCut> cuts;
    for (int way = 0; way < 8; ++way)
        for (std::size_t i = 0; i < pictures.size(); ++i)
            cuts.push_back({.picture = pictures[i],
                            .index = static_cast<std::int64_t>(i) + 5,
                            .left = i == 0 ? 3 * way : 0,
                            .top = i == 1 ? 4 * way : 0,
                            .flip_x = (way & 1) != 0,
                            .flip_y = (way & 2) != 0,
                            .turn = (way & 4) != 0});
    return cuts;
}

torch::Tensor cut_by_processor(const std::vector<CropCut> &cuts) {
    const auto out = torch::empty({std::ssize(cuts), kCrop, kCrop, 3}, at::kByte);
    for (std::int64_t i = 0; i < out.size(0); ++i)
        cut_crop(cuts[static_cast<std::size_t>(i)], kCrop, out[i].mutable_data_ptr<std::uint8_t>());
    return out;
}

TEST(DevicePictures, CutTheSameCrops) {
    const auto cuts = all_cuts();
    DevicePictures pictures(torch::kCPU, 1 << 20);
    for (int round = 0; round < 2; ++round) {
        const auto found = pictures.cut(cuts, kCrop);
        ASSERT_TRUE(found);
        EXPECT_TRUE(found->equal(cut_by_processor(cuts))) << "round " << round;
    }
}

TEST(DevicePictures, GrowWithoutLosingAny) {
    DevicePictures pictures(torch::kCPU, std::uint64_t{100} << 20);
    std::vector<CropCut> cuts; // of more than the first room, 48 MiB
    for (std::int64_t i = 0; i < 5; ++i)
        cuts.push_back({.picture = picture_of(2048, 2048, static_cast<std::uint64_t>(i) << 40), .index = i});
    for (const auto &cut : cuts) ASSERT_TRUE(pictures.cut({&cut, 1}, kCrop));
    EXPECT_TRUE(pictures.cut(cuts, kCrop)->equal(cut_by_processor(cuts)));
}

TEST(DevicePictures, TakeNoMoreThanFit) {
    const auto cuts = all_cuts();
    DevicePictures pictures(torch::kCPU, 3 * (40 * 23 + 16 * 50));
    EXPECT_TRUE(pictures.cut({cuts.data(), 2}, kCrop));
    EXPECT_TRUE(pictures.takes());
    EXPECT_FALSE(pictures.cut(cuts, kCrop)) << "the third is too much";
    EXPECT_FALSE(pictures.takes());
    EXPECT_FALSE(pictures.cut({cuts.data(), 2}, kCrop)) << "from then on none";
}

} // namespace
