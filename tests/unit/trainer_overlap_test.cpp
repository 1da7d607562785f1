// Training pictures that are a test's: copied, re-encoded, halved, mirrored; and those that are not.
#include "core/random.hpp"
#include "data/overlap.hpp"
#include "mirra/image.hpp"
#include "trainer_support.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace {

using namespace mirra;
using namespace mirra::trainer;

/// A colour picture of a few waves, other ones for each seed.
image::Image waves(std::uint64_t seed, int width, int height) {
    constexpr int kWaves = 6;
    image::Image picture(width, height, 3, image::SampleType::u8);
    auto bytes = picture.bytes();
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c) {
                double value = 128;
                for (int wave = 0; wave < kWaves; ++wave) {
                    CounterRandom random(seed, static_cast<std::uint64_t>(wave));
                    const double u = random.uniform(-5, 5), v = random.uniform(-5, 5),
                                 phase = random.uniform(0, 6) + 0.3 * c;
                    value += 18 * std::sin(2 * M_PI * (u * x / width + v * y / height) + phase);
                }
                bytes[static_cast<std::size_t>((y * width + x) * 3 + c)] =
                    static_cast<std::byte>(std::clamp(value, 0.0, 255.0));
            }
    return picture;
}

image::Image mirrored(const image::Image &picture) {
    image::Image out(picture.width(), picture.height(), 3, image::SampleType::u8);
    const auto width = static_cast<std::size_t>(picture.width());
    const auto in = picture.bytes();
    for (std::size_t i = 0; i < in.size() / 3; ++i) {
        const auto x = i % width;
        std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(3 * (i + width - 1 - 2 * x)), 3,
                    out.bytes().begin() + static_cast<std::ptrdiff_t>(3 * i));
    }
    return out;
}

std::filesystem::path fresh_folder(const std::string &name) {
    const std::filesystem::path folder = test::scratch() + name;
    std::filesystem::create_directories(folder);
    return folder;
}

struct Sets {
    std::filesystem::path training, test;
};

Sets make_sets(const std::string &name) {
    const Sets sets{fresh_folder(name + "-training"), fresh_folder(name + "-test")};
    for (const std::uint64_t seed : {1, 2, 3})
        image::write(sets.test / ("test" + std::to_string(seed) + ".png"), waves(seed, 192, 128).view());
    for (const std::uint64_t seed : {11, 12, 13, 14, 15, 16})
        image::write(sets.training / ("other" + std::to_string(seed) + ".png"), waves(seed, 192, 128).view());
    return sets;
}

TEST(Overlap, UnrelatedPicturesAreNone) {
    const auto sets = make_sets("unrelated");
    const auto result = find_overlaps({.training = {sets.training}, .test = {sets.test}});
    EXPECT_TRUE(result.overlaps.empty());
    EXPECT_EQ(result.training, 6);
    EXPECT_EQ(result.test, 3);
}

TEST(Overlap, CopiesReEncodingsReductionsAndMirroredOnesAreFound) {
    const auto sets = make_sets("related");
    const auto picture = waves(2, 192, 128);
    image::write(sets.training / "a-copy.png", picture.view());
    image::write(sets.training / "b-encoded.jpg", picture.view(), {}, {.jpeg_quality = 60});
    image::write(sets.training / "c-half.png", waves(2, 96, 64).view());
    image::write(sets.training / "d-mirrored.png", mirrored(picture).view());
    std::vector<std::string> found;
    const auto result =
        find_overlaps({.training = {sets.training}, .test = {sets.test}}, [&](const Overlap &overlap) {
            found.push_back(overlap.training.filename().string());
            EXPECT_EQ(overlap.test.filename(), "test2.png");
        });
    EXPECT_THAT(found, testing::ElementsAre("a-copy.png", "b-encoded.jpg", "c-half.png", "d-mirrored.png"));
    std::vector<OverlapKind> kinds;
    for (const auto &overlap : result.overlaps) kinds.push_back(overlap.kind);
    EXPECT_THAT(kinds, testing::ElementsAre(OverlapKind::equal, OverlapKind::resembles,
                                            OverlapKind::resembles, OverlapKind::mirrored));
}

TEST(Overlap, ThresholdsDecideWhatResembles) {
    const auto sets = make_sets("thresholds");
    image::write(sets.training / "encoded.jpg", waves(2, 192, 128).view(), {}, {.jpeg_quality = 30});
    const auto count = [&](int distance, double correlation) {
        return find_overlaps({.training = {sets.training},
                              .test = {sets.test},
                              .distance = distance,
                              .correlation = correlation})
            .overlaps.size();
    };
    EXPECT_EQ(count(10, 0.95), 1u);
    EXPECT_EQ(count(10, 1), 0u);
    EXPECT_EQ(count(64, -1), 21u) << "each of the seven resembles each of the three";
}

TEST(Overlap, DamagedPicturesAreNamed) {
    const auto sets = make_sets("damaged");
    std::ofstream(sets.training / "broken.png") << "no picture";
    const auto result = find_overlaps({.training = {sets.training}, .test = {sets.test}});
    ASSERT_EQ(result.skipped.size(), 1u);
    EXPECT_THAT(result.skipped.front(), testing::HasSubstr("broken.png"));
}

} // namespace
