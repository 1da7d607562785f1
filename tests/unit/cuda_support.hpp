// What the tests of the kernels share: the table under test, memory where it wants it, pictures in any
// layout.
//
// The table is that of the processor's twins. MIRRA_TEST_CUDA_KERNELS names the module in place of them, for
// a machine with a GPU.
#pragma once

#include "mirra/image.hpp"
#include "runtime/cuda/kernels.h"

#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace mirra::test {

/// @throws std::runtime_error where the module cannot be loaded
const mirra_cuda_kernels &kernels();
/// Whether results are those of the processor's own functions to the bit.
bool on_processor();

/// Memory of the device, filled and read back.
class DeviceMemory {
  public:
    explicit DeviceMemory(std::span<const std::byte> bytes);
    template<class Value>
    explicit DeviceMemory(const std::vector<Value> &values)
        : DeviceMemory(std::as_bytes(std::span(values))) {}

    [[nodiscard]] void *get() const { return memory_.get(); }
    template<class Value> [[nodiscard]] Value *as() const { return static_cast<Value *>(get()); }
    void read(std::span<std::byte> bytes) const;
    template<class Value> [[nodiscard]] std::vector<Value> values() const {
        std::vector<Value> out(bytes_ / sizeof(Value));
        read(std::as_writable_bytes(std::span(out)));
        return out;
    }

  private:
    std::size_t bytes_;
    std::shared_ptr<void> memory_;
};

enum class Order : std::uint8_t { interleaved, planar, padded, mirrored, transposed };
inline constexpr Order kOrders[] = {Order::interleaved, Order::planar, Order::padded, Order::mirrored,
                                    Order::transposed};

struct Kind {
    std::int32_t width = 7, height = 5, channels = 3;
    image::SampleType sample = image::SampleType::u8;
    Order order = Order::interleaved;
    image::AlphaMode alpha = image::AlphaMode::none; ///< of 2 and 4 channels
    image::Transfer transfer = image::Transfer::srgb;

    [[nodiscard]] std::string text() const;
};

/// A picture of random samples; those of floats are within a little more than [0, 1], some are no numbers.
class Picture {
  public:
    Picture(const Kind &kind, unsigned seed);

    [[nodiscard]] const image::ImageView &view() const { return view_; }
    [[nodiscard]] const std::vector<std::byte> &bytes() const { return bytes_; }
    /// The same over memory of the device that holds bytes().
    [[nodiscard]] mirra_cuda_image on(const DeviceMemory &memory) const;

  private:
    std::vector<std::byte> bytes_;
    image::ImageView view_;
};

/// Of all formats, layouts, alpha and transfer, over sizes that are odd and small.
std::vector<Kind> kinds();

/// Half and back; NaN becomes 0.
float as_half(float value);
/// Equal to the bit on the processor, else within `ulps`; what both take for nothing is equal.
bool same(float wanted, float found, int ulps);

std::vector<float> random_floats(std::size_t count, unsigned seed, float low = -1, float high = 1);

} // namespace mirra::test
