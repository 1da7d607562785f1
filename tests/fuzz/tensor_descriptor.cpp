// DLPack views, through the C interface: what is copied in comes out with the same values, or is refused.
#include "fuzz.hpp"

#include "mirra/mirra.h"

#include <array>
#include <vector>

using namespace mirra;

namespace {

constexpr std::size_t kBuffer = 1U << 14;
constexpr std::int32_t kRank = 6;

struct View {
    explicit View(fuzz::Input &input) : memory(kBuffer) {
        auto &tensor = managed.dl_tensor;
        for (std::size_t i = 0; i < kRank; ++i) {
            shape[i] = input.choice(16) == 0 ? input.take<std::int64_t>() : input.take<std::int8_t>();
            strides[i] = input.choice(16) == 0 ? input.take<std::int64_t>() : input.take<std::int8_t>();
        }
        tensor.data = input.choice(16) == 0 ? nullptr : memory.data();
        tensor.byte_offset =
            input.choice(16) == 0 ? input.take<std::uint64_t>() : input.take<std::uint16_t>() % kBuffer;
        tensor.ndim =
            input.choice(16) == 0 ? input.take<std::int8_t>() : static_cast<int>(input.choice(kRank + 1));
        tensor.dtype = {input.take<std::uint8_t>(), input.take<std::uint8_t>(), input.take<std::uint8_t>()};
        tensor.device = {static_cast<DLDeviceType>(input.choice(4)), input.take<std::int8_t>()};
        tensor.shape = input.choice(16) == 0 ? nullptr : shape.data();
        tensor.strides = input.choice(2) == 0 ? nullptr : strides.data();
    }

    /// Whether every element lies in the buffer; a view with a rank or a size that is none is refused anyway.
    [[nodiscard]] bool inside() const {
        using Wide = double; // exact where it matters: in the buffer
        const auto &tensor = managed.dl_tensor;
        if (tensor.data == nullptr || tensor.shape == nullptr || tensor.ndim < 0 || tensor.ndim > kRank)
            return true;
        constexpr Wide kElement = 32; // bytes: more than any type that is taken
        Wide low = Wide(tensor.byte_offset), high = low, compact = 1;
        for (int i = tensor.ndim - 1; i >= 0; --i) {
            const Wide extent = shape[static_cast<std::size_t>(i)];
            if (extent <= 0) return true;
            const Wide stride =
                tensor.strides == nullptr ? compact : Wide(strides[static_cast<std::size_t>(i)]);
            (stride < 0 ? low : high) += stride * (extent - 1) * kElement;
            compact *= extent;
            if (high > Wide(kBuffer) || low < 0 || compact > Wide(kBuffer) * Wide(kBuffer)) return false;
        }
        return high + kElement <= Wide(kBuffer);
    }

    std::vector<std::byte> memory;
    std::array<std::int64_t, kRank> shape{}, strides{};
    DLManagedTensorVersioned managed{};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Input input(fuzz::bytes_of(data, size));
    const View view(input);
    if (!view.inside()) return 0;
    mirra_tensors *tensors = nullptr;
    fuzz::expect(mirra_tensors_create(&tensors, nullptr) == MIRRA_OK, "no set of tensors");
    mirra_error *error = nullptr;
    const auto status = mirra_tensors_add(tensors, "x", &view.managed.dl_tensor, &error);
    if (status != MIRRA_OK) {
        fuzz::expect(error != nullptr && status != MIRRA_E_INTERNAL, "a failure without its reason");
        fuzz::expect(mirra_tensors_count(tensors) == 0, "a refused tensor came in");
    } else {
        DLManagedTensorVersioned *out = nullptr;
        fuzz::expect(mirra_tensors_get_versioned(tensors, "x", &out, nullptr) == MIRRA_OK,
                     "a tensor that does not come out");
        for (int i = 0; i < out->dl_tensor.ndim; ++i)
            fuzz::expect(out->dl_tensor.shape[i] == view.shape[static_cast<std::size_t>(i)], "another shape");
        out->deleter(out);
    }
    mirra_error_destroy(error);
    mirra_tensors_destroy(tensors);
    return 0;
}
