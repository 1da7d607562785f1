// A window is reduced for as many channels at a time as there are registers for.
#include "runtime/onednn/pooling.hpp"

#include "runtime/rows/vectors.hpp"

#include <limits>

namespace mirra::runtime::onednn {
namespace {

template<class V> MIRRA_INLINE void load_values(V &vector, const float *from) {
    load(vector, from);
}
/// The bits of as many values as V has, in 16 and in 32 bits.
template<class V> struct Bits;
template<> struct Bits<Wide> {
    using Halves = std::uint16_t __attribute__((vector_size(32)));
    using Words = std::uint32_t __attribute__((vector_size(64)));
};
template<> struct Bits<Narrow> {
    using Halves = std::uint16_t __attribute__((vector_size(16)));
    using Words = std::uint32_t __attribute__((vector_size(32)));
};
template<> struct Bits<Least> {
    using Halves = std::uint16_t __attribute__((vector_size(8)));
    using Words = std::uint32_t __attribute__((vector_size(16)));
};
template<class V> MIRRA_INLINE void load_values(V &vector, const Bf16 *from) {
    typename Bits<V>::Halves halves;
    std::memcpy(&halves, from, sizeof halves);
    const auto words = __builtin_convertvector(halves, typename Bits<V>::Words) << 16;
    std::memcpy(&vector, &words, sizeof vector);
}
template<class V> MIRRA_INLINE void store_values(float *to, const V &vector, bool) {
    store(to, vector);
}
/// @param exact  whether the values are bfloat16's
template<class V> MIRRA_INLINE void store_values(Bf16 *to, const V &vector, bool exact) {
    if (!exact) {
        for (std::int64_t i = 0; i < kLanes<V>; ++i) to[i] = Bf16(vector[i]);
        return;
    }
    typename Bits<V>::Words words;
    std::memcpy(&words, &vector, sizeof vector);
    const auto halves = __builtin_convertvector(words >> 16, typename Bits<V>::Halves);
    std::memcpy(static_cast<void *>(to), &halves, sizeof halves);
}

struct Sum {
    static constexpr float kFirst = 0;
    static constexpr bool kExact = false; ///< whether results are of the values' type
    float factor;
    template<class V> MIRRA_INLINE void take(V &kept, const V &value) const { kept += value; }
    template<class V> MIRRA_INLINE void end(V &kept) const { kept *= factor; }
};
struct Greatest {
    static constexpr float kFirst = -std::numeric_limits<float>::infinity();
    static constexpr bool kExact = true;
    template<class V> MIRRA_INLINE void take(V &kept, const V &value) const {
        Compared<V>::keep_greatest(kept, value);
    }
    template<class V> MIRRA_INLINE void end(V &) const {}
};

/// @param Vectors  of channels, side by side
template<class V, std::int64_t Vectors, class T, class Rule>
MIRRA_INLINE void reduce_block(const Window<T> &window, const Rule &rule, T *out) {
    V kept[Vectors];
    MIRRA_UNROLLED
    for (std::int64_t v = 0; v < Vectors; ++v) kept[v] = V{} + Rule::kFirst;
    for (std::int64_t row = 0; row < window.rows; ++row) {
        const T *pixel = window.values + row * window.row_stride;
        for (std::int64_t column = 0; column < window.columns; ++column, pixel += window.pixel_stride) {
            MIRRA_UNROLLED
            for (std::int64_t v = 0; v < Vectors; ++v) {
                V value;
                load_values(value, pixel + v * kLanes<V>);
                rule.take(kept[v], value);
            }
        }
    }
    MIRRA_UNROLLED
    for (std::int64_t v = 0; v < Vectors; ++v) {
        rule.end(kept[v]);
        store_values(out + v * kLanes<V>, kept[v], Rule::kExact);
    }
}

/// Channels that do not fill a vector, one after the other.
template<class T, class Rule>
MIRRA_INLINE void reduce_few(Window<T> window, const Rule &rule, T *out, std::int64_t channels) {
    for (std::int64_t c = 0; c < channels; ++c, ++window.values) {
        float kept = Rule::kFirst;
        for (std::int64_t row = 0; row < window.rows; ++row)
            for (std::int64_t column = 0; column < window.columns; ++column)
                rule.take(kept, static_cast<float>(
                                    window.values[row * window.row_stride + column * window.pixel_stride]));
        rule.end(kept);
        out[c] = T(kept);
    }
}

template<class V, class T, class Rule>
MIRRA_INLINE void reduce_all(const Window<T> &window, const Rule &rule, T *out, std::int64_t channels) {
    constexpr std::int64_t kAtOnce = 4;
    std::int64_t done = 0;
    for (; channels - done >= kAtOnce * kLanes<V>; done += kAtOnce * kLanes<V>)
        reduce_block<V, kAtOnce>(window.from(done), rule, out + done);
    for (; channels - done >= kLanes<V>; done += kLanes<V>)
        reduce_block<V, 1>(window.from(done), rule, out + done);
    if (done == channels) return;
    if (channels < kLanes<V>) return reduce_few(window, rule, out, channels);
    // Some once more, so that the last fill a vector.
    const auto last = channels - kLanes<V>;
    reduce_block<V, 1>(window.from(last), rule, out + last);
}

template<class T, class Rule>
MIRRA_FOR("x86-64-v4")
void reduce_wide(const Window<T> &window, const Rule &rule, T *out, std::int64_t channels) {
    reduce_all<Wide>(window, rule, out, channels);
}
template<class T, class Rule>
MIRRA_FOR("x86-64-v3")
void reduce_narrow(const Window<T> &window, const Rule &rule, T *out, std::int64_t channels) {
    reduce_all<Narrow>(window, rule, out, channels);
}

template<class T, class Rule>
void reduce(const Window<T> &window, const Rule &rule, T *out, std::int64_t channels) {
    const auto bytes = vector_bytes();
    if (bytes == sizeof(Wide) && channels >= kLanes<Wide>)
        reduce_wide(window, rule, out, channels);
    else if (bytes > 0)
        reduce_narrow(window, rule, out, channels);
    else
        reduce_all<Least>(window, rule, out, channels);
}

} // namespace

void sum_up(const Window<float> &window, float factor, float *out, std::int64_t channels) {
    reduce(window, Sum{factor}, out, channels);
}
void sum_up(const Window<Bf16> &window, float factor, Bf16 *out, std::int64_t channels) {
    reduce(window, Sum{factor}, out, channels);
}
void keep_greatest(const Window<float> &window, float *out, std::int64_t channels) {
    reduce(window, Greatest{}, out, channels);
}
void keep_greatest(const Window<Bf16> &window, Bf16 *out, std::int64_t channels) {
    reduce(window, Greatest{}, out, channels);
}

} // namespace mirra::runtime::onednn
