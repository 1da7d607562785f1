// Vectors as wide as a processor's registers, for loops that are written once and compiled for each width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define MIRRA_WIDE_VECTORS
#define MIRRA_FOR(processor) __attribute__((target("arch=" processor)))
#else
#define MIRRA_FOR(processor)
#endif
#define MIRRA_INLINE inline __attribute__((always_inline))
/// Before a loop over a few vectors, so that they are registers.
#define MIRRA_UNROLLED _Pragma("GCC unroll 6")

namespace mirra::runtime {

using Wide = float __attribute__((vector_size(64)));   ///< of functions for x86-64-v4
using Narrow = float __attribute__((vector_size(32))); ///< of functions for x86-64-v3
using Least = float __attribute__((vector_size(16)));
template<class V> constexpr std::int64_t kLanes = sizeof(V) / sizeof(float);

template<class V> MIRRA_INLINE void load(V &vector, const float *from) {
    std::memcpy(&vector, from, sizeof vector);
}

/// The first `count`; zeros behind them.
template<class V> MIRRA_INLINE void load(V &vector, const float *from, std::int64_t count) {
    if (count >= kLanes<V>) return load(vector, from);
    vector = V{};
    std::memcpy(&vector, from, static_cast<std::size_t>(count) * sizeof(float));
}
template<class V> MIRRA_INLINE void store(float *to, const V &vector) {
    std::memcpy(to, &vector, sizeof vector);
}

// NOLINTBEGIN(bugprone-macro-parentheses): a type, and an attribute
/// What compares values, of vectors or alone. In a function that is for no processor in particular, GCC takes
/// a comparison of vectors apart into one of each value, wherever it is inlined; so these functions name
/// their processor.
template<class V> struct Compared;
#define MIRRA_COMPARED(V, target)                                                                            \
    template<> struct Compared<V> {                                                                          \
        /** Negative values become zero; what is no number stays. */                                         \
        target static inline void cut_negative(V &value) {                                                   \
            value = value < 0 ? V{} : value;                                                                 \
        }                                                                                                    \
        /** What is no number beats numbers. */                                                              \
        target static inline void keep_greatest(V &kept, const V &value) {                                   \
            kept = value <= kept ? kept : kept != kept ? kept : value;                                       \
        }                                                                                                    \
    }
MIRRA_COMPARED(Wide, MIRRA_FOR("x86-64-v4"));
MIRRA_COMPARED(Narrow, MIRRA_FOR("x86-64-v3"));
MIRRA_COMPARED(Least, );
MIRRA_COMPARED(float, );
#undef MIRRA_COMPARED
// NOLINTEND(bugprone-macro-parentheses)

/// Bytes of Wide or Narrow, whichever is the widest that this processor runs; 0: neither.
std::size_t vector_bytes();

} // namespace mirra::runtime
