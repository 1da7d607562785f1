// The types of samples by their enumerator, and how they lie in a view.
#pragma once

#include "mirra/image.hpp"
#include "mirra/samples.hpp"

namespace mirra::image::detail {

using namespace mirra::samples;

/// Calls `function` with the one of U8, U16, SwappedU16, F16 and F32 that stands for `type`.
template<class Function> decltype(auto) with_sample(SampleType type, Function &&function) {
    switch (type) {
    case SampleType::u8:
        return function(U8{});
    case SampleType::u16:
        return function(U16{});
    case SampleType::u16_swapped:
        return function(SwappedU16{});
    case SampleType::f16:
        return function(F16{});
    case SampleType::f32:
        break;
    }
    return function(F32{});
}

/// Whether the colour channels of a row without alpha lie one after the other, so that a row is one run of
/// samples.
template<class Byte> bool is_packed(const BasicImageView<Byte> &view) noexcept {
    const auto size = static_cast<std::ptrdiff_t>(sample_bytes(view.sample));
    if (view.has_alpha() || view.x_stride != size * view.channels) return false;
    for (std::int32_t channel = 1; channel < view.channels; ++channel) {
        if (view.at(channel, 0, 0) != view.at(0, 0, 0) + channel * size) return false;
    }
    return true;
}

} // namespace mirra::image::detail
