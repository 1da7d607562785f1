// Gathers strided elements, after checking that all of them are inside their storage.
#include "strided.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::trainer::importer {
namespace {

constexpr std::uint64_t kSmall = 1u << 20;

/// Repeated elements (stride 0) let a few bytes claim any size, so only small tensors may outgrow their
/// storage.
std::uint64_t element_count(const Layout &layout, std::uint64_t available, const std::string &file) {
    const std::uint64_t most = std::max(available, kSmall);
    std::uint64_t elements = 1;
    for (const auto extent : layout.shape) {
        const auto size = static_cast<std::uint64_t>(extent);
        if (size == 0) return 0;
        if (size > most / elements)
            throw Error(ErrorCode::limit,
                        "a tensor of shape " + bundle::to_text(layout.shape) +
                            " is too large for its storage of " + std::to_string(available) + " elements",
                        file, "the file is damaged or hostile");
        elements *= size;
    }
    return elements;
}

void check_bounds(const Layout &layout, std::uint64_t available, const std::string &file) {
    const auto outside = [&] {
        throw Error(ErrorCode::corrupt,
                    "a tensor of shape " + bundle::to_text(layout.shape) + " reaches beyond its storage of " +
                        std::to_string(available) + " elements",
                    file, "copy or download the file again");
    };
    if (layout.offset >= available) outside();
    std::uint64_t room = available - 1 - layout.offset;
    for (std::size_t i = 0; i < layout.shape.size(); ++i) {
        const auto steps = static_cast<std::uint64_t>(layout.shape[i] - 1);
        const auto stride = static_cast<std::uint64_t>(layout.strides[i]);
        if (steps != 0 && stride > room / steps) outside();
        room -= steps * stride;
    }
}

} // namespace

std::vector<float> gather(std::span<const std::byte> storage, const Layout &layout, const std::string &file,
                          Allowance &allowance) {
    const std::size_t width = bundle::size_of(layout.dtype);
    const std::uint64_t available = storage.size() / width;
    const std::uint64_t elements = element_count(layout, available, file);
    if (elements == 0) return {};
    check_bounds(layout, available, file);
    allowance.take(elements * sizeof(float));
    std::vector<std::byte> dense(elements * width);
    graph::Shape index(layout.shape.size(), 0);
    std::uint64_t from = layout.offset;
    for (std::uint64_t i = 0; i < elements; ++i) {
        std::memcpy(dense.data() + i * width, storage.data() + from * width, width);
        for (std::size_t axis = index.size(); axis-- > 0;) {
            from += static_cast<std::uint64_t>(layout.strides[axis]);
            if (++index[axis] < layout.shape[axis]) break;
            from -=
                static_cast<std::uint64_t>(layout.strides[axis]) * static_cast<std::uint64_t>(index[axis]);
            index[axis] = 0;
        }
    }
    return bundle::to_float({layout.dtype, layout.shape, dense});
}

} // namespace mirra::trainer::importer
