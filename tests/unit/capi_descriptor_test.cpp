// Descriptions of pixels that cannot be, and odd ones that can: an error that says what is wrong, or a right
// result.
#include "capi_test_support.hpp"

#include <gmock/gmock.h>

#include <climits>
#include <cstring>
#include <numeric>
#include <set>

namespace mirra::test {
namespace {

using ::testing::HasSubstr;

/// 64 x 64 bytes that images of the tests lie in.
struct Descriptors : ::testing::Test {
    std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1 << 16);
    mirra_image image{};

    Descriptors() {
        image.struct_size = sizeof(image);
        image.width = image.height = 8;
        image.format = MIRRA_FORMAT_U8;
        image.color = MIRRA_COLOR_RGB;
        image.flags = MIRRA_IMAGE_PACKED;
        image.plane_count = 1;
        image.planes[0].data = memory.data();
        std::iota(memory.begin(), memory.end(), std::uint8_t{0});
    }

    /// A function that reads, and one that writes the image: what they say, "" for nothing.
    std::string read() {
        Failure failure;
        MIRRA_STRUCT(mirra_comparison, comparison);
        return told(mirra_image_compare(&image, &image, &comparison, failure.out()), failure);
    }
    std::string write() {
        Failure failure;
        return told(mirra_image_add_noise(&image, 0, 1, failure.out()), failure);
    }

  private:
    static std::string told(mirra_status status, const Failure &failure) {
        EXPECT_EQ(status, mirra_error_code(failure.get()));
        return status == MIRRA_OK ? "" : std::string(mirra_status_name(status)) + ": " + message(failure);
    }
};

void expect_refused(const std::string &told, const char *status, const char *reason) {
    EXPECT_THAT(told, HasSubstr(status));
    EXPECT_THAT(told, HasSubstr(reason));
    EXPECT_THAT(told, HasSubstr("| ")) << "the error names what it is about";
}

TEST_F(Descriptors, StridesThatNoMachineCanReachAreRefused) {
    for (const std::int64_t stride : {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 7}) {
        for (const int width : {1, 8}) {
            image.width = width;
            image.flags = 0;
            image.planes[0] = {memory.data(), stride, 24};
            if (width > 1 || stride == INT64_MIN) expect_refused(write(), "invalid_argument", "stride");
            image.planes[0] = {memory.data(), 3, stride};
            expect_refused(read(), "invalid_argument", "address space");
            image.planes[0] = {memory.data(), stride, stride};
            expect_refused(write(), "invalid_argument", "address space");
        }
    }
}

TEST_F(Descriptors, SizesThatNoMachineCanHoldAreRefused) {
    image.color = MIRRA_COLOR_GRAY;
    image.width = image.height = INT_MAX;
    expect_refused(write(), "invalid_argument", "address space");
    expect_refused(read(), "invalid_argument", "address space");
    image.flags = 0;
    image.planes[0] = {memory.data(), 1, INT_MAX};
    expect_refused(write(), "invalid_argument", "address space");
    for (const std::int32_t format : {MIRRA_FORMAT_U8, MIRRA_FORMAT_F32}) {
        for (const std::int32_t color : {MIRRA_COLOR_GRAY, MIRRA_COLOR_RGBA}) {
            Picture picture;
            EXPECT_STATUS(MIRRA_E_OUT_OF_MEMORY,
                          mirra_picture_create(INT_MAX, INT_MAX, format, color, picture.out(), error));
        }
    }
}

TEST_F(Descriptors, PointersAtTheEndOfTheAddressSpaceAreRefused) {
    for (const std::uintptr_t address : {UINTPTR_MAX, UINTPTR_MAX - 1, UINTPTR_MAX - 100}) {
        image.planes[0].data = reinterpret_cast<void *>(address);
        expect_refused(write(), "invalid_argument", "beyond the address space");
    }
    image.flags = 0;
    image.planes[0] = {reinterpret_cast<void *>(std::uintptr_t{4}), 3, -24};
    expect_refused(read(), "invalid_argument", "beyond the address space");
}

/// The picture in which each row, column or pixel is a copy.
void expect_same_as_copies(const mirra_image &repeated) {
    Pixels<std::uint8_t> copies(repeated.width, repeated.height, repeated.color, repeated.format);
    const mirra_plane &plane = repeated.planes[0];
    std::size_t at = 0;
    for (std::int32_t y = 0; y < repeated.height; ++y)
        for (std::int32_t x = 0; x < repeated.width; ++x)
            for (std::int32_t c = 0; c < repeated.color; ++c)
                copies.samples[at++] = static_cast<const std::uint8_t *>(
                    plane.data)[x * plane.pixel_stride + y * plane.row_stride + c];
    MIRRA_STRUCT(mirra_comparison, comparison);
    EXPECT_OK(mirra_image_compare(&repeated, &copies.image, &comparison, error));
    EXPECT_EQ(80, comparison.psnr);
}

TEST_F(Descriptors, AStrideOf0RepeatsWhatIsReadAndCannotBeWritten) {
    image.flags = 0;
    for (const auto &[pixel, row] : {std::pair{3, 0}, std::pair{0, 24}}) {
        image.planes[0] = {memory.data(), pixel, row}; // what numpy.broadcast_to gives
        expect_same_as_copies(image);
        expect_refused(write(), "invalid_argument", "a stride of 0 repeats pixels");
    }
    image.height = 1;
    image.planes[0] = {memory.data(), 4, 0};
    EXPECT_EQ("", write()) << "one row repeats nothing";
    image.format = MIRRA_FORMAT_U16;
    image.planes[0] = {memory.data(), 1, 0};
    expect_refused(read(), "invalid_argument", "overlap");
}

TEST_F(Descriptors, AForgottenFlagIsNamed) {
    image.flags = 0;
    expect_refused(read(), "invalid_argument", "both strides are 0");
    image.width = image.height = 1;
    EXPECT_EQ("", write()) << "one pixel needs no strides";
}

TEST_F(Descriptors, AFewBytesDoNotClaimAnySize) {
    image.flags = 0;
    image.width = 100;
    image.height = INT_MAX;
    image.planes[0] = {memory.data(), 3, 0};
    expect_refused(read(), "limit", "repeats few pixels");
}

TEST_F(Descriptors, ARepeatedRowGoesThroughARunAsItsCopiesDo) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    image.flags = 0;
    image.planes[0] = {memory.data(), 3, 0};
    Pixels<std::uint8_t> copies(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    for (std::size_t i = 0; i < copies.samples.size(); ++i) copies.samples[i] = memory[i % 24];
    Pixels<std::uint8_t> out(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8),
        want(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    EXPECT_OK(run(session, image, out.image, error));
    EXPECT_OK(run(session, copies.image, want.image, error));
    EXPECT_EQ(want.samples, out.samples);
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(session, copies.image, image, error));
}

TEST_F(Descriptors, PackedPixelsHaveNoStrides) {
    for (const auto &[pixel, row] : {std::pair{3, 24}, std::pair{0, 24}, std::pair{3, 0}}) {
        image.planes[0] = {memory.data(), pixel, row};
        expect_refused(read(), "invalid_argument", "strides beside MIRRA_IMAGE_PACKED");
    }
    image.flags = 1U << 31U;
    image.planes[0] = {memory.data(), 3, 24};
    expect_refused(read(), "unsupported", "flag");
}

TEST_F(Descriptors, TheExtentIsWhatTheSamplesTake) {
    const auto extent = [&](std::uint32_t plane) {
        const void *lowest = nullptr;
        std::uint64_t bytes = 0;
        EXPECT_OK(mirra_image_extent(&image, plane, &lowest, &bytes, error));
        return std::pair(static_cast<const std::uint8_t *>(lowest) - memory.data(), bytes);
    };
    const auto is = [](std::ptrdiff_t low, std::uint64_t bytes) { return std::pair(low, bytes); };
    EXPECT_EQ(is(0, 8 * 8 * 3), extent(0)) << "packed";
    image.flags = 0;
    image.planes[0] = {memory.data() + 100, 3, 40};
    EXPECT_EQ(is(100, 7 * 40 + 24), extent(0)) << "the last row has no gap behind it";
    image.planes[0] = {memory.data() + 1000, -3, -40};
    EXPECT_EQ(is(1000 - 7 * 43, 7 * 43 + 3), extent(0)) << "mirrored both ways";
    image.planes[0] = {memory.data() + 5, 3, 0};
    EXPECT_EQ(is(5, 24), extent(0)) << "a row that is repeated";
    image.plane_count = 3;
    image.format = MIRRA_FORMAT_F32;
    for (std::size_t i = 0; i < 3; ++i) image.planes[i] = {memory.data() + 1024 * i, 4, 32};
    EXPECT_EQ(is(2048, 256), extent(2));
    const void *lowest = nullptr;
    std::uint64_t bytes = 0;
    EXPECT_STATUS(MIRRA_E_NOT_FOUND, mirra_image_extent(&image, 3, &lowest, &bytes, error));
    image.width = 0;
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, mirra_image_extent(&image, 0, &lowest, &bytes, error));
}

TEST_F(Descriptors, PixelsOfAGpuAreRefusedByName) {
    image.device = "cuda:0";
    expect_refused(read(), "unsupported", "pixels on the device 'cuda:0' are for runs only");
    const void *lowest = nullptr;
    std::uint64_t bytes = 0;
    EXPECT_OK(mirra_image_extent(&image, 0, &lowest, &bytes, error)); // which touches nothing
    EXPECT_EQ(bytes, 8U * 8 * 3);
    for (const char *device : {"cuda", "cuda:", "cuda:all", "cuda:0,1", "cuda:01", "cuda:x", "vulkan:0"}) {
        image.device = device;
        expect_refused(read(), "invalid_argument",
                       (std::string("no pixels on a device '") + device + "'").c_str());
    }
    image.device = "cpu";
    EXPECT_EQ("", read());
    image.stream = &image;
    expect_refused(read(), "invalid_argument", "stream");
}

TEST_F(Descriptors, SamplesThatShareMemoryCannotBeWritten) {
    const auto planes = [&](std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t x, std::int64_t y) {
        image.plane_count = 3;
        image.flags = 0;
        const std::int64_t places[] = {a, b, c};
        for (std::size_t i = 0; i < 3; ++i) image.planes[i] = {memory.data() + places[i], x, y};
    };
    for (const std::int64_t step : {1, 2}) {
        image.flags = 0;
        image.planes[0] = {memory.data(), step, 64};
        expect_refused(write(), "invalid_argument", "share memory");
    }
    planes(0, 0, 0, 3, 24);
    expect_refused(write(), "invalid_argument", "share memory");
    EXPECT_EQ("", read()) << "one plane three times is a gray picture in RGB";
    planes(0, 1, 2, 1, 8);
    expect_refused(write(), "invalid_argument", "share memory");
    planes(0, 8 * 7, 128, 1, 8);
    expect_refused(write(), "invalid_argument",
                   "share memory"); // the last row of one is the first of the next
    planes(0, 64, 128, 1, 8);
    EXPECT_EQ("", write());
    planes(0, 8, 16, 1, 24);
    EXPECT_EQ("", write()) << "rows of the planes by turns";
    planes(2, 1, 0, 3, 24);
    EXPECT_EQ("", write()) << "BGR";
    planes(7 * 24, 7 * 24 + 1, 7 * 24 + 2, 3, -24);
    EXPECT_EQ("", write()) << "bottom-up";
    planes(0, 1, 2, 24, 3);
    EXPECT_EQ("", write()) << "transposed";
    image.plane_count = 1;
    image.planes[0] = {memory.data() + 21, -3, 24};
    EXPECT_EQ("", write()) << "mirrored";
}

/// The exact answer, by marking every byte.
bool share(const mirra_image &image, std::size_t sample) {
    std::set<const std::uint8_t *> seen;
    for (std::uint32_t c = 0; c < image.plane_count; ++c) {
        const mirra_plane &plane = image.planes[c];
        for (std::int64_t y = 0; y < image.height; ++y)
            for (std::int64_t x = 0; x < image.width; ++x)
                for (std::size_t b = 0; b < sample; ++b)
                    if (!seen.insert(static_cast<const std::uint8_t *>(plane.data) + x * plane.pixel_stride +
                                     y * plane.row_stride + b)
                             .second)
                        return true;
    }
    return false;
}

TEST_F(Descriptors, WhatMayBeWrittenIsWhatSharesNothing) {
    std::uint32_t state = 1;
    const auto random = [&](std::int64_t low, std::int64_t high) {
        state = state * 1664525U + 1013904223U;
        return low + static_cast<std::int64_t>(state >> 8) % (high - low + 1);
    };
    int refused = 0, written = 0;
    image.flags = 0;
    image.plane_count = 3;
    image.format = MIRRA_FORMAT_U16;
    for (int i = 0; i < 4000; ++i) {
        image.width = static_cast<std::int32_t>(random(1, 5));
        image.height = static_cast<std::int32_t>(random(1, 5));
        const std::int64_t x = random(-14, 14), y = random(-40, 40);
        for (mirra_plane &plane : image.planes) plane = {memory.data() + 2000 + random(0, 60), x, y};
        if (x == 0 || y == 0) continue;
        const std::string told = write();
        // Pixels of one channel must lie apart by rows or by columns, which is stricter.
        if (told.find("samples overlap") != std::string::npos) continue;
        EXPECT_EQ(!share(image, 2), told.empty())
            << x << " " << y << " " << image.width << "x" << image.height;
        (told.empty() ? written : refused) += 1;
    }
    EXPECT_LT(50, written);
    EXPECT_LT(50, refused);
}

TEST_F(Descriptors, TheOutputOfARunMayNotShareMemoryWithItself) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(8, 8, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    image.flags = 0;
    image.planes[0] = {memory.data(), 1, 64};
    EXPECT_STATUS(MIRRA_E_INVALID_ARGUMENT, run(session, in.image, image, error));
}

TEST_F(Descriptors, SamplesNeedNoAlignment) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    MIRRA_STRUCT(mirra_value, sigma);
    sigma.type = MIRRA_TYPE_FLOAT;
    EXPECT_OK(mirra_session_set(session.get(), "sigma", &sigma, error)); // the output is the input
    const std::pair<std::int32_t, std::int64_t> formats[] = {
        {MIRRA_FORMAT_U16, 2}, {MIRRA_FORMAT_U16_SWAPPED, 2}, {MIRRA_FORMAT_F16, 2}, {MIRRA_FORMAT_F32, 4}};
    for (const auto &[format, size] : formats) {
        std::vector<std::uint8_t> out(memory.size());
        for (std::size_t i = 0; i < memory.size(); ++i) { // numbers within 0 and 1 in each format
            const std::uint8_t byte[] = {static_cast<std::uint8_t>(i % 59), 0, 0x20, 0x3e};
            memory[i + 1 < memory.size() ? i + 1 : 0] = format == MIRRA_FORMAT_F32   ? byte[i % 4]
                                                        : format == MIRRA_FORMAT_F16 ? byte[i % 2 * 2]
                                                                                     : byte[0];
        }
        image.format = format;
        image.flags = 0;
        image.planes[0] = {memory.data() + 1, 3 * size, 3 * size * 8 + 5};
        mirra_image target = image;
        target.planes[0] = {out.data() + 3, 3 * size, 3 * size * 8 + 1};
        EXPECT_OK(run(session, image, target, error));
        for (std::size_t y = 0; y < 8; ++y) {
            const std::size_t row = static_cast<std::size_t>(3 * size * 8);
            EXPECT_EQ(0, std::memcmp(memory.data() + 1 + y * (row + 5), out.data() + 3 + y * (row + 1), row))
                << "format " << format << ", row " << y;
        }
    }
}

TEST_F(Descriptors, InPlaceWithOtherStridesAndFormatsReadsTheInputFirst) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle, 4);
    MIRRA_STRUCT(mirra_value, sigma);
    sigma.type = MIRRA_TYPE_FLOAT;
    EXPECT_OK(mirra_session_set(session.get(), "sigma", &sigma, error));
    mirra_image upside_down = image;
    upside_down.flags = 0;
    upside_down.planes[0] = {memory.data() + 7 * 24, 3, -24};
    std::vector<std::uint8_t> before = memory;
    EXPECT_OK(run(session, image, upside_down, error));
    for (std::size_t y = 0; y < 8; ++y)
        EXPECT_EQ(0, std::memcmp(before.data() + y * 24, memory.data() + (7 - y) * 24, 24)) << y;
    mirra_image wide = image; // 16 bits over the 8 bits that they are made of
    wide.format = MIRRA_FORMAT_U16;
    before = memory;
    EXPECT_OK(run(session, image, wide, error));
    for (std::size_t i = 0; i < 8 * 8 * 3; ++i) {
        std::uint16_t made = 0;
        std::memcpy(&made, memory.data() + 2 * i, 2);
        ASSERT_EQ(before[i] * 257, made) << i;
    }
}

TEST_F(Descriptors, FieldsThatCannotBe) {
    const auto refused = [&](const char *status, void (*damage)(mirra_image &)) {
        const mirra_image good = image;
        damage(image);
        EXPECT_THAT(read(), HasSubstr(status));
        image = good;
    };
    refused("invalid_argument", [](mirra_image &i) { i.struct_size = 0; });
    refused("invalid_argument", [](mirra_image &i) { i.struct_size = UINT32_MAX; });
    refused("invalid_argument", [](mirra_image &i) { i.struct_size = 9; });
    refused("invalid_argument", [](mirra_image &i) { i.color = MIRRA_COLOR_RGBA, i.plane_count = 3; });
    refused("invalid_argument", [](mirra_image &i) { i.plane_count = UINT32_MAX; });
    refused("invalid_argument", [](mirra_image &i) { i.width = INT_MIN; });
    refused("invalid_argument", [](mirra_image &i) { i.icc_bytes = 1; });
    refused("limit", [](mirra_image &i) { i.icc = &i, i.icc_bytes = UINT64_MAX / 2 + 5; });
    refused("limit", [](mirra_image &i) { i.icc = &i, i.icc_bytes = std::uint64_t{1} << 60; });
}

TEST(CapiCounts, NearTheEndOfTheirTypeAreRefused) {
    const Engine engine = make_engine();
    const Bundle bundle = make_bundle();
    const Session session = make_session(engine, bundle);
    Pixels<std::uint8_t> in(4, 4, MIRRA_COLOR_RGB, MIRRA_FORMAT_U8);
    const mirra_port_value ports[] = {port("image", in.image), port("output", in.image)};
    for (const std::size_t count : {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / sizeof(mirra_port_value)}) {
        EXPECT_STATUS(MIRRA_E_LIMIT, mirra_session_run(session.get(), ports, count, nullptr, nullptr, error));
        Job job;
        EXPECT_STATUS(MIRRA_E_LIMIT,
                      mirra_session_submit(session.get(), ports, count, nullptr, job.out(), error));
        Bundle none;
        EXPECT_STATUS(MIRRA_E_LIMIT, mirra_bundle_open_memory("x", count, nullptr, none.out(), error));
    }
}

} // namespace
} // namespace mirra::test
