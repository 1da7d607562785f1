#include "cuda_support.hpp"

#include "mirra/samples.hpp"
#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/host_twins.hpp"

#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace mirra::test {
namespace {

const mirra_cuda_kernels *load(const char *file) {
    void *const module = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw std::runtime_error(dlerror());
    const auto get =
        reinterpret_cast<decltype(&mirra_cuda_kernels_v2)>(dlsym(module, MIRRA_CUDA_KERNELS_SYMBOL));
    if (get == nullptr) throw std::runtime_error(std::string(file) + ": " + dlerror());
    return get();
}

const char *named_module() {
    return std::getenv("MIRRA_TEST_CUDA_KERNELS");
}

void check(std::int32_t error) {
    if (error != 0) throw std::runtime_error(kernels().error_text(error));
}

void *allocated(std::size_t bytes) {
    void *memory = nullptr;
    check(kernels().allocate(&memory, bytes));
    return memory;
}

/// Bytes between pixels and between rows, and from channel to channel.
struct Strides {
    std::ptrdiff_t x, y, channel;
};

Strides strides_of(const Kind &kind) {
    const auto size = static_cast<std::ptrdiff_t>(image::sample_bytes(kind.sample));
    const std::ptrdiff_t width = kind.width, height = kind.height, channels = kind.channels;
    switch (kind.order) {
    case Order::planar:
        return {size, size * width, size * width * height};
    case Order::padded:
        return {size * (channels + 1), size * ((channels + 1) * width + 3), size};
    case Order::mirrored:
        return {-size * channels, -size * channels * width, size};
    case Order::transposed:
        return {size * channels * height, size * channels, size};
    case Order::interleaved:
        break;
    }
    return {size * channels, size * channels * width, size};
}

void fill(const image::ImageView &view, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-0.2F, 1.2F);
    const auto value = [&] {
        if (random() % 16 == 0) return random() % 2 == 0 ? 0.0F : std::numeric_limits<float>::quiet_NaN();
        if (random() % 32 == 0) return std::numeric_limits<float>::infinity();
        return uniform(random);
    };
    for (std::int32_t y = 0; y < view.height; ++y)
        for (std::int32_t x = 0; x < view.width; ++x)
            for (std::int32_t c = 0; c < view.channels; ++c) {
                std::byte *const at = view.at(c, x, y);
                if (view.sample == image::SampleType::f32)
                    samples::store_raw(at, value());
                else if (view.sample == image::SampleType::u8)
                    samples::store_raw(at, static_cast<std::uint8_t>(random()));
                else // every half there is
                    samples::store_raw(at, static_cast<std::uint16_t>(random()));
            }
}

} // namespace

const mirra_cuda_kernels &kernels() {
    static const mirra_cuda_kernels *const table =
        named_module() == nullptr ? &cuda::host_twins() : load(named_module());
    return *table;
}

bool on_processor() {
    return named_module() == nullptr;
}

DeviceMemory::DeviceMemory(std::span<const std::byte> bytes)
    : bytes_(bytes.size())
    , memory_(allocated(bytes.size()), [](void *memory) { kernels().release(memory); }) {
    check(kernels().to_device(get(), bytes.data(), bytes_, nullptr));
}

void DeviceMemory::read(std::span<std::byte> bytes) const {
    check(kernels().to_processor(bytes.data(), get(), bytes.size(), nullptr));
    check(kernels().wait(nullptr));
}

std::string Kind::text() const {
    std::string out = std::to_string(width) + "x" + std::to_string(height) + "x" + std::to_string(channels);
    for (const auto part : {static_cast<int>(sample), static_cast<int>(order), static_cast<int>(alpha),
                            static_cast<int>(transfer)})
        out += " " + std::to_string(part);
    return out;
}

Picture::Picture(const Kind &kind, unsigned seed) {
    const Strides strides = strides_of(kind);
    const auto reach = [&](bool forward) {
        std::ptrdiff_t bytes = 0;
        for (const auto &[stride, count] :
             {std::pair(strides.x, kind.width), {strides.y, kind.height}, {strides.channel, kind.channels}})
            if ((stride > 0) == forward) bytes += std::abs(stride) * (count - 1);
        return bytes;
    };
    const auto size = static_cast<std::ptrdiff_t>(image::sample_bytes(kind.sample));
    bytes_.resize(static_cast<std::size_t>(reach(true) + reach(false) + size));
    view_.width = kind.width;
    view_.height = kind.height;
    view_.channels = kind.channels;
    view_.sample = kind.sample;
    view_.alpha = view_.has_alpha() ? kind.alpha : image::AlphaMode::none;
    view_.transfer = kind.transfer;
    view_.x_stride = strides.x;
    view_.y_stride = strides.y;
    for (std::int32_t c = 0; c < kind.channels; ++c)
        view_.data[static_cast<std::size_t>(c)] = bytes_.data() + reach(false) + c * strides.channel;
    fill(view_, seed);
}

mirra_cuda_image Picture::on(const DeviceMemory &memory) const {
    mirra_cuda_image out = cuda::described(view_);
    for (std::int32_t c = 0; c < view_.channels; ++c)
        out.data[c] = memory.as<std::byte>() + (view_.data[static_cast<std::size_t>(c)] - bytes_.data());
    return out;
}

std::vector<Kind> kinds() {
    using image::AlphaMode, image::SampleType, image::Transfer;
    std::vector<Kind> out;
    unsigned i = 0;
    constexpr std::pair<std::int32_t, std::int32_t> kSizes[] = {{7, 5}, {1, 1}, {13, 1}, {1, 6}, {31, 17}};
    for (const SampleType sample :
         {SampleType::u8, SampleType::u16, SampleType::u16_swapped, SampleType::f16, SampleType::f32})
        for (const Order order : kOrders)
            for (std::int32_t channels = 1; channels <= 4; ++channels)
                for (const AlphaMode alpha : {AlphaMode::straight, AlphaMode::premultiplied}) {
                    if (channels % 2 == 1 && alpha == AlphaMode::premultiplied) continue;
                    for (const Transfer transfer : {Transfer::srgb, Transfer::linear}) {
                        const auto [width, height] = kSizes[i++ % std::size(kSizes)];
                        out.push_back({width, height, channels, sample, order, alpha, transfer});
                    }
                }
    return out;
}

float as_half(float value) {
    return samples::half_to_float(samples::UnboundedF16::to_raw(value));
}

bool same(float wanted, float found, int ulps) {
    if (std::isnan(wanted) || std::isnan(found)) return std::isnan(wanted) && std::isnan(found);
    if (wanted == found) return true;
    if (on_processor()) return false;
    return std::abs(wanted - found) <=
           static_cast<float>(ulps) * std::numeric_limits<float>::epsilon() * std::abs(wanted);
}

std::vector<float> random_floats(std::size_t count, unsigned seed, float low, float high) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> out(count);
    for (float &value : out) value = uniform(random);
    return out;
}

} // namespace mirra::test
