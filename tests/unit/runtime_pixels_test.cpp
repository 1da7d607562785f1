// The way of pixels through LibTorch's memory, with the kernels' twins in place of a GPU.
#include "mirra/error.hpp"
#include "mirra/image.hpp"
#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/host_twins.hpp"
#include "runtime/torch/gpu_runtime.hpp"
#include "runtime/torch/module.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mirra::test {
namespace {

using cuda::described;

constexpr std::int32_t kWidth = 11, kHeight = 7;

image::Image picture() {
    image::Image out(kWidth, kHeight, 3, image::SampleType::u16);
    for (std::size_t i = 0; i < out.bytes().size(); ++i)
        out.bytes()[i] = static_cast<std::byte>(i * 73 % 251);
    return out;
}

mirra_cuda_tile tile() {
    mirra_cuda_tile out{};
    out.x = -2;
    out.y = 3;
    out.width = kWidth + 4;
    out.height = 6;
    out.channels = 3;
    return out;
}

std::unique_ptr<runtime::TileCopies> copies() {
    return runtime::torch_gpu_runtime().make_copies(cuda::host_twins(), "cpu", {});
}

TEST(RuntimePixels, ATileIsThatOfThePictureAndComesBack) {
    image::Image image = picture();
    const auto way = copies();
    way->send(described(image.view()), tile());
    const auto tensor = way->receive();
    EXPECT_EQ(tensor->shape(), (graph::Shape{1, 3, 6, kWidth + 4}));
    std::vector<float> wanted(std::size_t{3} * 6 * (kWidth + 4)), found(wanted.size());
    image::gather(std::as_const(image).view(), {-2, 3, kWidth + 4, 6}, wanted, 3);
    runtime::torch_module().download(*tensor, found, runtime::Layout::nhwc);
    EXPECT_EQ(found, wanted);

    image::Image back(kWidth, 4, 3, image::SampleType::u16);
    mirra_cuda_tile given = tile();
    given.y = 0; // of the part from row 3 on
    way->fetch(*tensor, given, described(back.view()));
    way->finish();
    const std::size_t row = std::size_t{kWidth} * 6;
    for (std::size_t i = 0; i < back.bytes().size(); ++i)
        ASSERT_EQ(back.bytes()[i], image.bytes()[3 * row + i]) << i;
}

TEST(RuntimePixels, AKernelThatFailsIsAnErrorOfTheDevice) {
    image::Image image = picture();
    mirra_cuda_image wrong = described(image.view());
    wrong.alpha = MIRRA_CUDA_STRAIGHT;
    const auto way = copies();
    way->send(wrong, tile());
    try {
        way->receive();
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), ErrorCode::device);
        EXPECT_STREQ(error.what(), "the device failed: an argument that no picture or tensor has");
    }
}

} // namespace
} // namespace mirra::test
