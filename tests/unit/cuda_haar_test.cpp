// The Haar transform of tensors, against the processor's rows.
#include "cuda_support.hpp"

#include "mirra/samples.hpp"
#include "runtime/rows/bfloat16.hpp"
#include "runtime/rows/haar_rows.hpp"

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

struct Size {
    std::int64_t count, height, width, channels;
};
constexpr Size kSizes[] = {{1, 2, 2, 1}, {1, 5, 7, 3}, {2, 8, 6, 3}, {3, 3, 2, 5}, {1, 32, 18, 32}};

template<class Stored> struct TypeOf;
template<> struct TypeOf<float> {
    static constexpr std::int32_t kType = MIRRA_CUDA_FLOAT;
    static float make(float value) { return value; }
};
template<> struct TypeOf<std::uint16_t> {
    static constexpr std::int32_t kType = MIRRA_CUDA_BFLOAT16;
    static std::uint16_t make(float value) { return runtime::to_bfloat16(value); }
};

template<class Stored> std::vector<Stored> random_stored(std::int64_t count, unsigned seed) {
    std::vector<Stored> out;
    for (const float value : random_floats(static_cast<std::size_t>(count), seed))
        out.push_back(TypeOf<Stored>::make(value));
    return out;
}

template<class Stored>
std::vector<Stored> rows_analysis(const Size &size, const std::vector<Stored> &picture) {
    const std::int64_t rows = size.height / 2, columns = size.width / 2;
    std::vector<Stored> bands(static_cast<std::size_t>(size.count * rows * columns * 4 * size.channels));
    for (std::int64_t n = 0; n < size.count; ++n)
        for (std::int64_t y = 0; y < rows; ++y) {
            const Stored *upper = picture.data() + (n * size.height + 2 * y) * size.width * size.channels;
            runtime::haar_analysis_row(upper, upper + size.width * size.channels,
                                       bands.data() + (n * rows + y) * columns * 4 * size.channels, columns,
                                       size.channels);
        }
    return bands;
}

template<class Stored> void check_analysis(const Size &size) {
    const auto picture = random_stored<Stored>(size.count * size.height * size.width * size.channels, 1);
    const auto wanted = rows_analysis(size, picture);
    const DeviceMemory from(picture), to(std::vector<Stored>(wanted.size()));
    const mirra_cuda_haar haar{from.get(), to.get(),      size.count,           size.height,
                               size.width, size.channels, TypeOf<Stored>::kType};
    ASSERT_EQ(kernels().haar_analysis(&haar, nullptr), 0);
    EXPECT_EQ(to.values<Stored>(), wanted);
}

template<class Stored> void check_synthesis(Size size) {
    size.height = size.height / 2 * 2;
    size.width = size.width / 2 * 2;
    const std::int64_t count = size.count * size.height * size.width * size.channels;
    const auto bands = random_stored<Stored>(count, 2);
    std::vector<Stored> wanted(bands.size());
    const std::int64_t rows = size.height / 2, row = 2 * size.width * size.channels;
    for (std::int64_t i = 0; i < size.count * rows; ++i)
        runtime::haar_synthesis_row(bands.data() + i * row, wanted.data() + i * row,
                                    wanted.data() + i * row + row / 2, size.width / 2, size.channels);
    const DeviceMemory from(bands), to(std::vector<Stored>(wanted.size()));
    const mirra_cuda_haar haar{to.get(),   from.get(),    size.count,           size.height,
                               size.width, size.channels, TypeOf<Stored>::kType};
    ASSERT_EQ(kernels().haar_synthesis(&haar, nullptr), 0);
    EXPECT_EQ(to.values<Stored>(), wanted);
}

TEST(CudaHaar, FloatsAreTheRowsToTheBit) {
    for (const Size &size : kSizes) {
        check_analysis<float>(size);
        check_synthesis<float>(size);
    }
}

TEST(CudaHaar, Bfloat16IsTheRowsToTheBit) {
    for (const Size &size : kSizes) {
        check_analysis<std::uint16_t>(size);
        check_synthesis<std::uint16_t>(size);
    }
}

TEST(CudaHaar, HalvesAreTheFloatsRounded) {
    for (const Size &size : kSizes) {
        std::vector<float> picture;
        std::vector<std::uint16_t> halves;
        for (const float value : random_floats(
                 static_cast<std::size_t>(size.count * size.height * size.width * size.channels), 3)) {
            picture.push_back(as_half(value));
            halves.push_back(samples::UnboundedF16::to_raw(value));
        }
        const auto wanted = rows_analysis(size, picture);
        const DeviceMemory from(halves), to(std::vector<std::uint16_t>(wanted.size()));
        const mirra_cuda_haar haar{from.get(), to.get(),      size.count,     size.height,
                                   size.width, size.channels, MIRRA_CUDA_HALF};
        ASSERT_EQ(kernels().haar_analysis(&haar, nullptr), 0);
        const auto found = to.values<std::uint16_t>();
        for (std::size_t i = 0; i < wanted.size(); ++i)
            ASSERT_EQ(samples::half_to_float(found[i]), as_half(wanted[i])) << i;
    }
}

TEST(CudaHaar, ThereAndBackIsThePicture) {
    const Size size{2, 6, 10, 4};
    const auto picture = random_floats(480, 4);
    const DeviceMemory from(picture), bands(std::vector<float>(480)), back(std::vector<float>(480));
    mirra_cuda_haar haar{from.get(), bands.get(),   size.count,      size.height,
                         size.width, size.channels, MIRRA_CUDA_FLOAT};
    ASSERT_EQ(kernels().haar_analysis(&haar, nullptr), 0);
    haar.picture = back.get();
    ASSERT_EQ(kernels().haar_synthesis(&haar, nullptr), 0);
    const auto found = back.values<float>();
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], picture[i], 1e-6F) << i;
}

TEST(CudaHaar, OddExtentsHaveNoSynthesis) {
    const DeviceMemory memory(std::vector<float>(64));
    mirra_cuda_haar haar{memory.get(), memory.get(), 1, 3, 4, 1, MIRRA_CUDA_FLOAT};
    EXPECT_EQ(kernels().haar_synthesis(&haar, nullptr), MIRRA_CUDA_INVALID);
    haar.height = 1;
    EXPECT_EQ(kernels().haar_analysis(&haar, nullptr), MIRRA_CUDA_INVALID);
    haar = {memory.get(), memory.get(), 1, 2, 2, 1, 3};
    EXPECT_EQ(kernels().haar_analysis(&haar, nullptr), MIRRA_CUDA_INVALID);
}

} // namespace
} // namespace mirra::test
