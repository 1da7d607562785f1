// mirra_image descriptors, through the C interface: whatever stands in one, no sample beyond the memory that
// it describes is touched. The library cannot know how large that memory is, so descriptors that lie within
// the buffer here are run, and others only if they are refused before a sample is read.
#include "fuzz.hpp"

#include "mirra/mirra.h"

#include <array>
#include <memory>
#include <vector>

using namespace mirra;

namespace {

constexpr std::size_t kBuffer = 1U << 16;

class Descriptor {
  public:
    explicit Descriptor(fuzz::Input &input) : memory_(kBuffer) {
        image_.struct_size = sizeof image_;
        image_.flags = input.take<std::uint8_t>() % 2;
        image_.width = extent(input);
        image_.height = extent(input);
        image_.format = field(input, 4);
        image_.color = field(input, 4);
        image_.alpha_mode = field(input, 1);
        image_.transfer = field(input, 1);
        image_.plane_count = input.take<std::uint8_t>() % 6;
        for (auto &plane : image_.planes) {
            const auto offset = input.take<std::uint16_t>();
            plane.data = input.choice(16) == 0 ? nullptr : memory_.data() + offset;
            plane.pixel_stride = stride(input);
            plane.row_stride = stride(input);
            if (image_.flags != 0 && input.choice(8) != 0) plane.pixel_stride = plane.row_stride = 0;
        }
    }

    [[nodiscard]] const mirra_image *get() const { return &image_; }

    /// Whether every sample that the descriptor could mean lies in the buffer.
    [[nodiscard]] bool inside() const {
        using Wide = double;       // exact where it matters: in the buffer
        const Wide sample = 4 * 4; // the largest pixel, interleaved
        if (Wide(image_.width) * Wide(image_.height) > Wide(kBuffer) * 16) return false; // time, not memory
        for (const auto &plane : image_.planes) {
            if (plane.data == nullptr) continue;
            const bool packed = (image_.flags & MIRRA_IMAGE_PACKED) != 0;
            const Wide pixel = packed ? sample : Wide(plane.pixel_stride);
            const Wide row = packed ? Wide(image_.width) * sample : Wide(plane.row_stride);
            const Wide x = pixel * (Wide(image_.width) - 1), y = row * (Wide(image_.height) - 1);
            const Wide start = static_cast<const std::byte *>(plane.data) - memory_.data();
            const Wide low = start + std::min(x, Wide(0)) + std::min(y, Wide(0));
            const Wide high = start + std::max(x, Wide(0)) + std::max(y, Wide(0)) + sample;
            if (low < 0 || high > Wide(kBuffer)) return false;
        }
        return true;
    }

    [[nodiscard]] bool holds(const void *lowest, std::uint64_t bytes) const {
        const auto *first = static_cast<const std::byte *>(lowest);
        return first >= memory_.data() && first + bytes <= memory_.data() + kBuffer;
    }

  private:
    static std::int32_t extent(fuzz::Input &input) {
        return input.choice(8) == 0 ? input.take<std::int32_t>() : input.take<std::int8_t>();
    }
    static std::int32_t field(fuzz::Input &input, std::int32_t most) {
        return input.choice(8) == 0 ? input.take<std::int32_t>() : input.take<std::uint8_t>() % (most + 1);
    }
    static std::int64_t stride(fuzz::Input &input) {
        return input.choice(8) == 0 ? input.take<std::int64_t>() : input.take<std::int8_t>();
    }

    std::vector<std::byte> memory_;
    mirra_image image_{};
};

/// Calls a function of the interface; a failure must say what it was about and not call itself a bug.
template<class Call> void call(const Call &function) {
    mirra_error *error = nullptr;
    const mirra_status status = function(&error);
    if (status != MIRRA_OK) {
        fuzz::expect(error != nullptr && mirra_error_code(error) == status, "a failure without its error");
        fuzz::expect(status != MIRRA_E_INTERNAL, mirra_error_message(error));
    }
    mirra_error_destroy(error);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Input input(fuzz::bytes_of(data, size));
    const Descriptor a(input), b(input);
    if (!a.inside() || !b.inside()) return 0;
    call([&](auto **error) {
        MIRRA_STRUCT(mirra_comparison, comparison);
        return mirra_image_compare(a.get(), b.get(), &comparison, error);
    });
    for (std::uint32_t plane = 0; plane < 5; ++plane)
        call([&](auto **error) {
            const void *lowest = nullptr;
            std::uint64_t bytes = 0;
            const auto status = mirra_image_extent(a.get(), plane, &lowest, &bytes, error);
            if (status == MIRRA_OK) fuzz::expect(a.holds(lowest, bytes), "an extent beyond the memory");
            return status;
        });
    call([&](auto **error) { return mirra_image_write("/dev/null", a.get(), nullptr, nullptr, error); });
    return 0;
}
