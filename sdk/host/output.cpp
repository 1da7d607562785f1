// Where the output of a task lies in its input, and where its pixels go.
#include "output.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

std::int64_t divided_up(std::int64_t value, std::int64_t by) {
    return (value + by - 1) / by;
}

runtime::Rect between(std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom) {
    return {left, top, right - left, bottom - top};
}

} // namespace

Geometry::Geometry(const Setup &setup, std::int64_t given_width, std::int64_t given_height)
    : width(given_width)
    , height(given_height)
    , numerator(setup.numerator)
    , denominator(setup.denominator)
    , own_size(setup.output_width != 0) {
    output_width = own_size ? setup.output_width : divided_up(width * numerator, denominator);
    output_height = own_size ? setup.output_height : divided_up(height * numerator, denominator);
    if (output_width > INT32_MAX || output_height > INT32_MAX)
        throw Error(ErrorCode::limit, "the output would be larger than an image can be", "image",
                    "Give a smaller image.");
}

runtime::Rect Geometry::output_of(const runtime::Rect &rect) const {
    if (own_size) return whole();
    const auto scaled = [this](std::int64_t at) {
        return at >= 0 ? divided_up(at * numerator, denominator) : -(-at * numerator / denominator);
    };
    return between(scaled(rect.x), scaled(rect.y), scaled(rect.x + rect.width), scaled(rect.y + rect.height));
}

runtime::Rect Geometry::input_of(const runtime::Rect &rect) const {
    if (own_size) return {0, 0, width, height};
    return between(rect.x * denominator / numerator, rect.y * denominator / numerator,
                   std::min(width, divided_up((rect.x + rect.width) * denominator, numerator)),
                   std::min(height, divided_up((rect.y + rect.height) * denominator, numerator)));
}

runtime::Rect common(const runtime::Rect &a, const runtime::Rect &b) {
    return between(std::max(a.x, b.x), std::max(a.y, b.y), std::min(a.x + a.width, b.x + b.width),
                   std::min(a.y + a.height, b.y + b.height));
}

image::ImageView OutputImage::piece(const runtime::Rect &rect) const {
    return image::cropped(view_, rect.x - region_.x, rect.y - region_.y,
                          static_cast<std::int32_t>(rect.width), static_cast<std::int32_t>(rect.height));
}

void OutputImage::write(const runtime::Rect &rect, const Fill &fill, const Fill &told) const {
    if (!is_staged()) {
        fill(piece(rect));
        if (told) told(piece(rect));
        return;
    }
    image::Image memory(static_cast<std::int32_t>(rect.width), static_cast<std::int32_t>(rect.height),
                        view_.channels, view_.sample);
    image::ImageView staged = memory.view();
    staged.alpha = view_.alpha;
    staged.transfer = view_.transfer;
    fill(staged);
    sink_ != nullptr ? sink_->transfer(rect, staged) : images_->write(staged, piece(rect));
    if (told) told(sink_ != nullptr ? staged : piece(rect));
}

} // namespace mirra::host
