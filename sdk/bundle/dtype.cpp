// One table of element types.
#include "dtype.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace mirra::bundle {
namespace {

struct Entry {
    DType type;
    std::size_t size;
    std::string_view name;
};

constexpr std::array kTypes{
    Entry{DType::f32, 4, "F32"},      Entry{DType::f16, 2, "F16"}, Entry{DType::bf16, 2, "BF16"},
    Entry{DType::f64, 8, "F64"},      Entry{DType::i64, 8, "I64"}, Entry{DType::i32, 4, "I32"},
    Entry{DType::i16, 2, "I16"},      Entry{DType::i8, 1, "I8"},   Entry{DType::u8, 1, "U8"},
    Entry{DType::boolean, 1, "BOOL"},
};

const Entry &entry(DType type) {
    return kTypes.at(static_cast<std::size_t>(type));
}

} // namespace

std::size_t size_of(DType type) {
    return entry(type).size;
}

std::string_view safetensors_name(DType type) {
    return entry(type).name;
}

std::optional<DType> dtype_from_safetensors(std::string_view name) {
    const auto found = std::ranges::find(kTypes, name, &Entry::name);
    return found == kTypes.end() ? std::nullopt : std::optional(found->type);
}

bool is_float(DType type) {
    return type == DType::f32 || type == DType::f16 || type == DType::bf16 || type == DType::f64;
}

std::optional<std::uint64_t> byte_count(DType type, const graph::Shape &shape) {
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    std::uint64_t bytes = size_of(type);
    bool empty = false;
    for (const auto extent : shape) {
        if (extent < 0) return std::nullopt;
        const auto count = static_cast<std::uint64_t>(extent);
        if (count == 0) empty = true;
        // An empty tensor must not hide an overflow either, hence the product over the other extents.
        if (count > 1 && bytes > kMax / count) return std::nullopt;
        bytes *= std::max<std::uint64_t>(count, 1);
    }
    return empty ? 0 : bytes;
}

std::string to_text(const graph::Shape &shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

} // namespace mirra::bundle
