// Rows of a view in the form that encoders take.
#include "rows.hpp"

#include "samples.hpp"

namespace mirra::image::detail {
namespace {

template<class Sample> void load_row(const ConstImageView &view, std::int32_t y, float *out) noexcept {
    for (std::int32_t channel = 0; channel < view.channels; ++channel) {
        const std::byte *in = view.at(channel, 0, y);
        for (std::int64_t x = 0; x < view.width; ++x)
            out[x * view.channels + channel] = Sample::load(in + x * view.x_stride);
    }
}

/// Same sample type on both sides: bytes are moved, not converted.
template<class Raw> void copy_row(const ConstImageView &view, std::int32_t y, std::byte *out) noexcept {
    const auto size = static_cast<std::int64_t>(sizeof(Raw));
    for (std::int32_t channel = 0; channel < view.channels; ++channel) {
        const std::byte *in = view.at(channel, 0, y);
        for (std::int64_t x = 0; x < view.width; ++x) {
            store_raw(out + (x * view.channels + channel) * size, load_raw<Raw>(in + x * view.x_stride));
        }
    }
}

void unpremultiply(float *pixel, int colors) noexcept {
    const float alpha = clamp_unit(pixel[colors]);
    for (int i = 0; i < colors; ++i) pixel[i] = alpha > 0.0F ? pixel[i] / alpha : 0.0F;
}

void lay_over_white(float *pixel, int colors) noexcept {
    const float alpha = clamp_unit(pixel[colors]);
    for (int i = 0; i < colors; ++i) pixel[i] = clamp_unit(pixel[i]) * alpha + (1.0F - alpha);
}

} // namespace

RowPacker::RowPacker(const ConstImageView &view, SampleType target, RowAlpha alpha)
    : view_(view)
    , target_(target)
    , channels_(alpha == RowAlpha::straight ? view.channels : view.color_channels())
    , plain_(view.sample == target && target != SampleType::f32 && channels_ == view.channels &&
             view.alpha != AlphaMode::premultiplied) {
    if (!plain_)
        pixels_.resize(static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.channels));
}

std::size_t RowPacker::row_bytes() const noexcept {
    return static_cast<std::size_t>(view_.width) * static_cast<std::size_t>(channels_) *
           sample_bytes(target_);
}

void RowPacker::pack(std::int32_t y, std::byte *out) noexcept {
    if (plain_) {
        if (target_ == SampleType::u8) return copy_row<std::uint8_t>(view_, y, out);
        return copy_row<std::uint16_t>(view_, y, out);
    }
    with_sample(view_.sample, [&](auto sample) { load_row<decltype(sample)>(view_, y, pixels_.data()); });
    const int colors = view_.color_channels();
    for (std::int64_t x = 0; x < view_.width; ++x) {
        float *const pixel = pixels_.data() + x * view_.channels;
        if (view_.alpha == AlphaMode::premultiplied) unpremultiply(pixel, colors);
        if (channels_ != view_.channels) lay_over_white(pixel, colors);
        for (int i = 0; i < channels_; ++i) pixels_[static_cast<std::size_t>(x * channels_ + i)] = pixel[i];
    }
    if (target_ == SampleType::f32) return store_row<UnboundedF32>(out);
    with_sample(target_, [&](auto sample) { store_row<decltype(sample)>(out); });
}

template<class Sample> void RowPacker::store_row(std::byte *out) const noexcept {
    for (std::int64_t i = 0; i < std::int64_t{view_.width} * channels_; ++i)
        Sample::store(out + i * Sample::kBytes, pixels_[static_cast<std::size_t>(i)]);
}

} // namespace mirra::image::detail
