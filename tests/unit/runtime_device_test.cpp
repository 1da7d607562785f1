// What LibTorch says of a GPU: blocks of its memory, and failures. Told by the tests, for there is none.
#include "mirra/error.hpp"
#include "runtime/torch/device_arena.hpp"
#include "runtime/torch/guard.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/module.hpp"
#include "throws.hpp"

#include <c10/core/Allocator.h>
#include <gmock/gmock.h>

namespace mirra::test {
namespace {

/// As the allocator for CUDA does it, for a block of that name.
void report(std::uintptr_t block, std::int64_t bytes, c10::DeviceType type = c10::kCUDA) {
    c10::reportMemoryUsageToProfiler(reinterpret_cast<void *>(block), bytes, 0, 0, c10::Device(type, 0));
}

TEST(RuntimeDevice, AnArenaOfADeviceCountsWhatItsAllocatorTells) {
    runtime::Module &module = runtime::torch_module();
    const auto arena = runtime::make_device_arena(0, {});
    report(1, 1000);
    {
        const auto scope = module.enter(arena);
        report(2, 100);
        report(3, 70);
        report(4, 5, c10::kCPU);
        report(2, -100);
        {
            const runtime::UncountedMemory uncounted;
            report(5, 1 << 20); // weights
            report(3, -70);
        }
        report(6, 30);
    }
    report(7, 1000);
    EXPECT_EQ(arena->current_bytes(), 30U);
    EXPECT_EQ(arena->peak_bytes(), 170U);
    arena->begin(0);
    EXPECT_EQ(arena->peak_bytes(), 30U);
}

TEST(RuntimeDevice, BesideItTheProcessorsTensorsHaveNoLimit) {
    runtime::Module &module = runtime::torch_module();
    const auto arena = runtime::make_device_arena(1000, {});
    const auto scope = module.enter(arena);
    const std::vector<float> values(1 << 16, 1);
    const auto tensor = module.upload(values, {1, 1, 256, 256}, runtime::Layout::nchw, "cpu");
    EXPECT_EQ(module.reduce(runtime::Reduction::sum, tensor), 1 << 16);
    EXPECT_EQ(arena->current_bytes(), 0U);
}

TEST(RuntimeDevice, TooMuchEndsTheRunAtTheNextLook) {
    runtime::Module &module = runtime::torch_module();
    const auto arena = runtime::make_device_arena(1000, {});
    const auto scope = module.enter(arena);
    report(1, 1001);
    report(1, -1001);
    const auto compute = [&] { static_cast<void>(module.full({2}, 1, "cpu")); };
    EXPECT_THAT(compute, throws_error(ErrorCode::budget, "at least 1001 bytes of the device's memory"));
    compute();
}

TEST(RuntimeDevice, WhatLibTorchSaysOfAFailingGpuIsAnErrorOfTheDevice) {
    const auto thrown = [](const std::string &text) {
        return [text] { runtime::guarded([&]() -> int { TORCH_CHECK(false, text); }); };
    };
    EXPECT_THAT(
        thrown("CUDA error: an illegal memory access was encountered\nmore"),
        throws_error(ErrorCode::device,
                     "the device failed: CUDA error: an illegal memory access was encountered (device)"));
    EXPECT_THAT(thrown("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
                throws_error(ErrorCode::device, "the device failed: cuDNN error"));
    EXPECT_THAT(thrown("expected a tensor"),
                throws_error(ErrorCode::internal, "LibTorch: expected a tensor"));
    EXPECT_THAT(
        [] {
            runtime::guarded(
                []() -> int { TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory."); });
        },
        throws_error(ErrorCode::out_of_memory, "the device is out of memory"));
}

} // namespace
} // namespace mirra::test
