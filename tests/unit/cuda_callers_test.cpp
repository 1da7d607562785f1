// A caller's pixels in a device's memory: the order of what is done with them, and their bytes.
#include "cuda_support.hpp"
#include "lazy_device.hpp"

#include "runtime/cuda/caller_pixels.hpp"
#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/packed_samples.hpp"

#include <gtest/gtest.h>

namespace mirra::test {
namespace {

using cuda::CallerPixels, cuda::Stream;

enum class By : std::uint8_t { kernels, copies, both };

/// A run on pictures of the caller's: his stream makes the input and still reads what the output's memory
/// held, then they are read and written by kernels, by copies, or by copies between kernels. How many samples
/// come out wrong.
std::size_t wrong_samples(LazyDevice &device, By by) {
    constexpr std::size_t kCount = 64;
    std::vector<std::uint8_t> input(kCount), output(kCount, 9), read_before(kCount), tensor(kCount),
        home(kCount), staged(kCount);
    device.put_for_caller([&] {
        for (std::size_t i = 0; i < kCount; ++i) input[i] = static_cast<std::uint8_t>(i * 7);
        read_before = output;
    });
    const auto image = [](std::vector<std::uint8_t> &samples) {
        mirra_cuda_image out{};
        out.data[0] = samples.data();
        out.x_stride = 1;
        out.y_stride = out.width = out.height = 8;
        out.channels = 1;
        return out;
    };
    {
        CallerPixels pixels(device, {device.mark_caller()});
        if (by != By::kernels) pixels.read(image(input), image(home));
        if (by != By::copies) {
            pixels.launch([&] { device.put(Stream::kernels, [&] { tensor = input; }); });
            pixels.launch([&] {
                device.put(Stream::kernels, [&] {
                    for (std::size_t i = 0; i < kCount; ++i)
                        output[i] = static_cast<std::uint8_t>(tensor[i] + 1);
                });
            });
        }
        for (std::size_t i = 0; i < kCount; ++i) staged[i] = static_cast<std::uint8_t>(home[i] + 1);
        if (by != By::kernels) pixels.write(image(staged), image(output));
    } // the memory is the caller's again, and he may give it back
    const std::vector<std::uint8_t> seen = output;
    device.finish_all();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
        const auto value = static_cast<std::uint8_t>(i * 7);
        wrong += seen[i] != static_cast<std::uint8_t>(value + 1) || read_before[i] != 9 ? 1U : 0U;
    }
    return wrong;
}

TEST(CudaCallers, WhatTheCallersStreamHadComesFirstAndAllHasEndedAtTheEnd) {
    for (const By by : {By::kernels, By::copies, By::both}) {
        for (unsigned seed = 0; seed < 300; ++seed) {
            LazyDevice device(seed);
            ASSERT_EQ(wrong_samples(device, by), 0U) << seed << ' ' << static_cast<int>(by);
        }
    }
}

TEST(CudaCallers, NoWaitIsLeftOut) {
    using Forgets = LazyDevice::Forgets;
    for (const auto &[forgets, by] : {std::pair(Forgets::copies, By::copies),
                                      {Forgets::kernels, By::kernels},
                                      {Forgets::processor, By::copies},
                                      {Forgets::processor, By::kernels}}) {
        std::size_t wrong = 0;
        for (unsigned seed = 0; seed < 100; ++seed) {
            LazyDevice device(seed, forgets);
            wrong += wrong_samples(device, by);
        }
        EXPECT_GT(wrong, 0U) << static_cast<int>(forgets) << ' ' << static_cast<int>(by);
    }
}

TEST(CudaCallers, KernelsThatWereLaunchedAreWaitedForOnceAndWhatWasNotIsNot) {
    LazyDevice device(3);
    {
        CallerPixels pixels(device, {});
        pixels.finish();
        EXPECT_EQ(device.waits(), 0);
        pixels.launch([] {});
        pixels.launch([] {});
        pixels.finish();
        pixels.finish();
        EXPECT_EQ(device.waits(), 1);
        pixels.launch([] {});
    }
    EXPECT_EQ(device.waits(), 2);
}

/// The picture with other samples, over memory in which the bytes between them are marked.
TEST(CudaCallers, SamplesAreCopiedWhateverTheirLayoutAndNothingBetweenThem) {
    for (const Kind &kind : kinds()) {
        const Picture first(kind, 5), second(kind, 6);
        std::vector<std::byte> there = first.bytes();
        const auto at = [&](std::vector<std::byte> &memory, const Picture &like) {
            image::ImageView view = like.view();
            for (std::size_t c = 0; c < static_cast<std::size_t>(view.channels); ++c)
                view.data[c] = memory.data() + (view.data[c] - like.bytes().data());
            return view;
        };
        LazyDevice device(1);
        CallerPixels pixels(device, {});
        image::Image home(kind.width, kind.height, kind.channels, kind.sample);
        pixels.read(cuda::described(at(there, first)), cuda::described(home.view()));
        for (std::int32_t y = 0; y < kind.height; ++y)
            for (std::int32_t x = 0; x < kind.width; ++x)
                for (std::int32_t c = 0; c < kind.channels; ++c)
                    for (std::size_t b = 0; b < image::sample_bytes(kind.sample); ++b)
                        ASSERT_EQ(home.view().at(c, x, y)[b], first.view().at(c, x, y)[b]) << kind.text();
        std::vector<std::byte> wanted = first.bytes();
        cuda::copy_samples(cuda::described(second.view()), cuda::described(at(wanted, first)));
        pixels.write(cuda::described(second.view()), cuda::described(at(there, first)));
        ASSERT_EQ(there, wanted) << kind.text();
    }
}

TEST(CudaCallers, ChannelsThatLieBetweenEachOthersPixelsAreWrittenOneByOne) {
    std::vector<std::byte> there(64, std::byte{1}), here(12);
    for (std::size_t i = 0; i < here.size(); ++i) here[i] = static_cast<std::byte>(i + 10);
    mirra_cuda_image image{};
    image.width = 4;
    image.height = 1;
    image.channels = 3;
    image.x_stride = 3;
    image.y_stride = 12;
    mirra_cuda_image scattered = image;
    for (int c = 0; c < 3; ++c) {
        image.data[c] = here.data() + c;
        scattered.data[c] = there.data() + (c == 2 ? 20 : c);
    }
    LazyDevice device(1);
    CallerPixels pixels(device, {});
    pixels.write(image, scattered);
    for (std::size_t x = 0; x < 4; ++x)
        for (std::size_t c = 0; c < 3; ++c)
            EXPECT_EQ(there[(c == 2 ? 20 : c) + 3 * x], here[c + 3 * x]) << x << ' ' << c;
    EXPECT_EQ(there[2], std::byte{1});
    EXPECT_EQ(there[21], std::byte{1});
}

TEST(CudaCallers, PackedPicturesAreOneCopy) {
    LazyDevice device(1);
    CallerPixels pixels(device, {});
    image::Image one(40, 30, 3, image::SampleType::u16), other(40, 30, 3, image::SampleType::u16);
    pixels.write(cuda::described(one.view()), cuda::described(other.view()));
    EXPECT_EQ(device.copies(), 1);
}

} // namespace
} // namespace mirra::test
