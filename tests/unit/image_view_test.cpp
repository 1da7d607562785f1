// Views and images: what is a valid layout, and what is refused before it is touched.
#include "image_test_support.hpp"

#include <limits>

namespace mirra::test {
namespace {

using image::AlphaMode;
using image::ConstImageView;
using image::Image;
using image::SampleType;

struct ViewTest : testing::Test {
    std::array<std::byte, 4096> memory{};
    ConstImageView view = image::interleaved_view(std::as_const(memory).data(), 8, 6, 3, SampleType::u8);

    int check() {
        return error_of([&] { image::validate(view, "input"); });
    }
};

TEST_F(ViewTest, AcceptsEveryLayoutThatDoesNotOverlap) {
    EXPECT_EQ(check(), 0);
    view.y_stride = 64; // padded rows
    EXPECT_EQ(check(), 0);
    view = {8,
            6,
            3,
            SampleType::u16,
            AlphaMode::none,
            {},
            {memory.data(), memory.data() + 96, memory.data() + 192},
            2,
            16};
    EXPECT_EQ(check(), 0) << "planar";
    view.data = {memory.data() + 1000, memory.data() + 1200, memory.data() + 1400};
    view.y_stride = -16;
    EXPECT_EQ(check(), 0) << "bottom-up";
    view.x_stride = 12, view.y_stride = 2;
    EXPECT_EQ(check(), 0) << "transposed";
}

TEST_F(ViewTest, RefusesSizesAndChannelsOutOfRange) {
    const ConstImageView good = view;
    for (const int size : {0, -1, std::numeric_limits<int>::min()}) {
        view = good, view.width = size;
        EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
        view = good, view.height = size;
        EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
    }
    for (const int channels : {0, 5, -3}) {
        view = good, view.channels = channels;
        EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
    }
    view = good, view.sample = static_cast<SampleType>(4);
    EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
    view = good, view.data[2] = nullptr;
    EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
}

TEST_F(ViewTest, RefusesAnAlphaModeThatContradictsTheChannels) {
    view.alpha = AlphaMode::straight;
    EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
    view = image::interleaved_view(std::as_const(memory).data(), 8, 6, 4, SampleType::u8);
    EXPECT_EQ(check(), 0);
    view.alpha = AlphaMode::none;
    EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
    view.alpha = static_cast<AlphaMode>(7);
    EXPECT_EQ(check(), code(ErrorCode::invalid_argument));
}

TEST_F(ViewTest, RefusesOverlapAndOverflow) {
    const ConstImageView good = view;
    const auto with_strides = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
        view = good, view.x_stride = x, view.y_stride = y;
        return check();
    };
    constexpr std::ptrdiff_t kMost = std::numeric_limits<std::ptrdiff_t>::max();
    constexpr std::ptrdiff_t kLeast = std::numeric_limits<std::ptrdiff_t>::min();
    EXPECT_EQ(with_strides(0, 24), 0) << "a pixel that is repeated";
    EXPECT_EQ(with_strides(3, 0), 0) << "a row that is repeated";
    EXPECT_EQ(with_strides(3, 20), code(ErrorCode::invalid_argument));
    EXPECT_EQ(with_strides(3, -20), code(ErrorCode::invalid_argument));
    EXPECT_EQ(with_strides(3, kMost), code(ErrorCode::invalid_argument));
    EXPECT_EQ(with_strides(3, kLeast), code(ErrorCode::invalid_argument));
    EXPECT_EQ(with_strides(3, kMost / 5), code(ErrorCode::invalid_argument));
    EXPECT_EQ(with_strides(3, -(kMost / 8)), code(ErrorCode::invalid_argument)) << "reaches below address 0";
    EXPECT_EQ(with_strides(3, 24), 0);
}

TEST_F(ViewTest, TheErrorNamesTheView) {
    view.width = 0;
    try {
        image::validate(view, "input");
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.subject(), "input");
    }
}

TEST(Image, IsZeroAndKnowsItsLayout) {
    Image picture(3, 2, 4, SampleType::u16);
    EXPECT_EQ(picture.bytes().size(), 48U);
    EXPECT_TRUE(std::ranges::all_of(picture.bytes(), [](std::byte each) { return each == std::byte{}; }));
    EXPECT_EQ(picture.view().alpha, AlphaMode::straight);
    EXPECT_EQ(picture.view().at(2, 1, 1), picture.bytes().data() + 24 + 8 + 4);
    EXPECT_EQ(picture.bit_depth, 16);
}

TEST(Image, RefusesImpossibleSizes) {
    EXPECT_EQ(error_of([] { Image(0, 2, 3, SampleType::u8); }), code(ErrorCode::invalid_argument));
    EXPECT_EQ(error_of([] { Image(2, 2, 5, SampleType::u8); }), code(ErrorCode::invalid_argument));
    constexpr int kMost = std::numeric_limits<int>::max();
    EXPECT_EQ(error_of([] { Image(kMost, kMost, 4, SampleType::f32); }), code(ErrorCode::out_of_memory));
}

} // namespace
} // namespace mirra::test
