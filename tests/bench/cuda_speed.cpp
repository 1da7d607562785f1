// How long the kernels for GPUs take, and what of memory's bandwidth that is: mirra_cuda_speed.
//
// MIRRA_TEST_CUDA_KERNELS names the module. Without it the processor's twins run, which are not meant to be
// quick.
#include "cuda_support.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>

namespace {

using namespace mirra::test;

constexpr std::int32_t kWidth = 2040, kHeight = 1536;

/// The shortest of several series, in seconds a call.
double seconds_of(const std::function<std::int32_t()> &call) {
    using Clock = std::chrono::steady_clock;
    const int calls = on_processor() ? 1 : 100, series = on_processor() ? 1 : 10;
    const auto run = [&](int times) {
        for (int i = 0; i < times; ++i)
            if (const std::int32_t error = call(); error != 0)
                throw std::runtime_error(kernels().error_text(error));
        if (const std::int32_t error = kernels().wait(nullptr); error != 0)
            throw std::runtime_error(kernels().error_text(error));
    };
    if (!on_processor()) run(calls); // until the clock of the GPU is up
    double shortest = 1e9;
    for (int i = 0; i < series; ++i) {
        const auto begin = Clock::now();
        run(calls);
        shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - begin).count() / calls);
    }
    return shortest;
}

/// @param bytes  that are read and written, each once
void report(const char *name, double bytes, double operations, const std::function<std::int32_t()> &call) {
    const double seconds = seconds_of(call);
    std::printf("%-44s %9.1f us  %8.1f GB/s  %9.1f GFLOP/s\n", name, seconds * 1e6, bytes / seconds * 1e-9,
                operations / seconds * 1e-9);
}

void time_copy(const DeviceMemory &from, std::size_t bytes) {
    std::vector<std::byte> to(bytes);
    report("from the device, memory not pinned", static_cast<double>(bytes), 0,
           [&] { return kernels().to_processor(to.data(), from.get(), bytes, nullptr); });
}

void time_pictures(const char *name, mirra::image::SampleType sample, Order order, std::int32_t type) {
    const Picture picture({kWidth, kHeight, 3, sample, order}, 1);
    const std::size_t values = std::size_t{kWidth} * kHeight * 3, size = type == MIRRA_CUDA_HALF ? 2 : 4;
    const DeviceMemory pixels(picture.bytes()), tile_values(std::vector<std::byte>(values * size));
    const mirra_cuda_image image = picture.on(pixels);
    const mirra_cuda_tile tile{tile_values.get(), 0, 0, kWidth, kHeight, 3, 0, type, 0};
    const mirra_cuda_gathering gathering{MIRRA_CUDA_REPLICATED, {1, 1, 1, 1}, {0, 0, 0, 0}};
    const mirra_cuda_core core{0, 0, kWidth, kHeight};
    const auto bytes = static_cast<double>(values * (size + mirra::image::sample_bytes(sample)));
    report((std::string("gather ") + name).c_str(), bytes, 0,
           [&] { return kernels().gather_tile(&image, &tile, &gathering, nullptr); });
    report((std::string("scatter ") + name).c_str(), bytes, 0,
           [&] { return kernels().scatter_tile(&tile, &core, nullptr, &image, nullptr); });
}

void time_haar(const char *name, std::int32_t type, std::size_t size) {
    constexpr std::int64_t kChannels = 32, kSide = 512;
    const std::size_t bytes = std::size_t{kChannels} * kSide * kSide * size;
    const DeviceMemory picture{std::vector<std::byte>(bytes)}, bands{std::vector<std::byte>(bytes)};
    const mirra_cuda_haar haar{picture.get(), bands.get(), 1, kSide, kSide, kChannels, type};
    report((std::string("Haar analysis 512x512x32 ") + name).c_str(), 2.0 * static_cast<double>(bytes), 0,
           [&] { return kernels().haar_analysis(&haar, nullptr); });
    report((std::string("Haar synthesis 512x512x32 ") + name).c_str(), 2.0 * static_cast<double>(bytes), 0,
           [&] { return kernels().haar_synthesis(&haar, nullptr); });
}

void time_features() {
    const std::int64_t channels = on_processor() ? 32 : 256, count = on_processor() ? 4096 : 65536;
    const auto n = static_cast<std::size_t>(channels), places = static_cast<std::size_t>(count);
    const DeviceMemory values(random_floats(n * places, 1)), origin{std::vector<float>(n)},
        sums{std::vector<double>(n)}, products{std::vector<double>(n * n)}, matrix(random_floats(n * n, 2)),
        out{std::vector<float>(n * places)},
        workspace{
            std::vector<double>(static_cast<std::size_t>(kernels().moments_workspace(channels, count)))};
    const mirra_cuda_features features{values.as<float>(), channels, count, count, origin.as<float>()};
    const mirra_cuda_moments moments{features, nullptr, sums.as<double>(), products.as<double>(),
                                     workspace.as<double>()};
    const mirra_cuda_transform transform{
        features, matrix.as<float>(), origin.as<float>(), -1, 1, nullptr, out.as<float>(), count};
    const double bytes = static_cast<double>(n * places) * 4,
                 operations = 2.0 * static_cast<double>(n * n * places);
    report("moments of features", bytes, operations,
           [&] { return kernels().add_moments(&moments, nullptr); });
    report("transform of features", 3 * bytes, operations,
           [&] { return kernels().apply_transform(&transform, nullptr); });
}

} // namespace

int main() {
    using mirra::image::SampleType;
    try {
        std::printf("%s, pictures of %d x %d RGB\n", on_processor() ? "the processor's twins" : "the module",
                    kWidth, kHeight);
        time_pictures("u8 interleaved, half", SampleType::u8, Order::interleaved, MIRRA_CUDA_HALF);
        time_pictures("u8 planar, half", SampleType::u8, Order::planar, MIRRA_CUDA_HALF);
        time_pictures("u16 interleaved, half", SampleType::u16, Order::interleaved, MIRRA_CUDA_HALF);
        time_pictures("f32 interleaved, float", SampleType::f32, Order::interleaved, MIRRA_CUDA_FLOAT);
        time_haar("half", MIRRA_CUDA_HALF, 2);
        time_haar("float", MIRRA_CUDA_FLOAT, 4);
        time_features();
        const std::size_t bytes = std::size_t{kWidth} * kHeight * 3;
        time_copy(DeviceMemory(std::vector<std::byte>(bytes)), bytes);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
