// The struct_size rule of mirra.h, both directions: a missing tail is zero, an unknown tail must be zero.
#pragma once

#include "mirra/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace mirra::host {

inline constexpr std::uint32_t kLargestStruct = 1U << 16;

/// The size that the struct had in ABI 1.0, to be specialised when it grows: no caller has a smaller one.
template<class Struct> inline constexpr std::uint32_t least_size = sizeof(Struct);

/// @throws Error invalid_argument for null or a size that cannot be
template<class Struct> void check_struct(const Struct *pointer, const char *name) {
    if (pointer == nullptr) {
        throw Error(ErrorCode::invalid_argument, std::string(name) + " is NULL", name);
    }
    const std::uint32_t size = pointer->struct_size;
    const auto reject = [&](const std::string &why) {
        throw Error(ErrorCode::invalid_argument,
                    std::string(name) + ".struct_size is " + std::to_string(size) + ", " + why, name,
                    "Set struct_size to sizeof the struct; MIRRA_STRUCT does it.");
    };
    if (size < least_size<Struct>)
        reject("the struct has at least " + std::to_string(least_size<Struct>) + " bytes");
    if (size > kLargestStruct) reject("more than any struct has");
    // It would cut a pointer in two.
    if (size % alignof(Struct) != 0) reject("no multiple of " + std::to_string(alignof(Struct)));
}

/// What of a struct this library knows; the tail beyond is not looked at. @throws Error invalid_argument
template<class Struct> Struct read_known(const Struct *source, const char *name) {
    check_struct(source, name);
    Struct known{};
    std::memcpy(&known, source, std::min<std::size_t>(source->struct_size, sizeof(Struct)));
    known.struct_size = sizeof(Struct);
    return known;
}

/// The struct as this library knows it. @throws Error invalid_argument | unsupported (unknown, non-zero tail)
template<class Struct> Struct read_struct(const Struct *source, const char *name) {
    const Struct known = read_known(source, name);
    const std::size_t size = source->struct_size;
    const auto *bytes = reinterpret_cast<const unsigned char *>(source);
    if (size > sizeof(Struct) &&
        std::any_of(bytes + sizeof(Struct), bytes + size, [](auto b) { return b != 0; })) {
        throw Error(ErrorCode::unsupported,
                    std::string(name) + " uses a field that this version of Mirra does not have", name,
                    "Leave fields of newer versions at zero, or install a newer Mirra.");
    }
    return known;
}

/// read_struct, or all defaults for null.
template<class Struct> Struct read_struct_or_default(const Struct *source, const char *name) {
    return source == nullptr ? Struct{} : read_struct(source, name);
}

/// The elements of an array, whose distance is their struct_size.
template<class Struct>
std::vector<Struct> read_array(const Struct *first, std::size_t count, const char *name) {
    std::vector<Struct> known;
    if (count == 0) return known;
    if (first == nullptr) throw Error(ErrorCode::invalid_argument, std::string(name) + " is NULL", name);
    if (count > kLargestStruct)
        throw Error(ErrorCode::limit,
                    std::string(name) + " has " + std::to_string(count) + " elements, more than " +
                        std::to_string(kLargestStruct),
                    name);
    const std::size_t stride = first->struct_size;
    const auto *bytes = reinterpret_cast<const unsigned char *>(first);
    for (std::size_t i = 0; i < count; ++i) {
        const auto *element = reinterpret_cast<const Struct *>(bytes + i * stride);
        const std::string which = std::string(name) + "[" + std::to_string(i) + "]";
        if (element->struct_size != stride) {
            throw Error(ErrorCode::invalid_argument,
                        which + ".struct_size is " + std::to_string(element->struct_size) + ", that of " +
                            name + "[0] is " + std::to_string(stride),
                        which, "Give all elements the same struct_size, which is also their distance.");
        }
        known.push_back(read_struct(element, which.c_str()));
    }
    return known;
}

/// Fills the caller's struct as far as it goes; check_struct(target) must have passed.
template<class Struct> void write_struct(Struct *target, Struct value) noexcept {
    const std::uint32_t size = target->struct_size;
    value.struct_size = size;
    std::memcpy(target, &value, std::min<std::size_t>(size, sizeof(Struct)));
    if (size > sizeof(Struct)) {
        std::memset(reinterpret_cast<unsigned char *>(target) + sizeof(Struct), 0, size - sizeof(Struct));
    }
}

} // namespace mirra::host
