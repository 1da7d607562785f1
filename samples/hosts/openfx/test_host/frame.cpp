#include "frame.hpp"

#include <ofxImageEffect.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace test_host {
namespace {

constexpr unsigned char kPadding = 0xA5;

void check(mirra_status status, mirra_error *error) {
    const std::string message = error == nullptr ? "" : mirra_error_message(error);
    mirra_error_destroy(error);
    if (status != MIRRA_OK) throw std::runtime_error(message);
}

// Of a picture that was read from a file: interleaved, of 8 or 16 bits.
double sample(const mirra_image &view, int x, int y, int channel) {
    const mirra_plane &plane = view.planes[0];
    const auto *const at =
        static_cast<const unsigned char *>(plane.data) + y * plane.row_stride + x * plane.pixel_stride;
    if (view.format == MIRRA_FORMAT_U8) return at[channel] / 255.0;
    unsigned short value = 0;
    std::memcpy(&value, at + 2 * channel, sizeof value);
    return value / 65535.0;
}

int sample_bytes(const std::string &depth) {
    if (depth == kOfxBitDepthByte) return 1;
    return depth == kOfxBitDepthFloat ? 4 : 2;
}

template<class Sample> double loaded(const unsigned char *from) {
    Sample value;
    std::memcpy(&value, from, sizeof value);
    return static_cast<double>(value);
}

template<class Sample> void store(unsigned char *to, double number) {
    const auto value = static_cast<Sample>(number);
    std::memcpy(to, &value, sizeof value);
}

} // namespace

Frame::Frame(const OfxRectI &rect, const Layout &of_layout)
    : bounds(rect)
    , layout(of_layout)
    , data(static_cast<std::size_t>(row_length()) * static_cast<std::size_t>(height()), kPadding) {}

int Frame::channels() const {
    if (layout.components == kOfxImageComponentRGBA) return 4;
    return layout.components == kOfxImageComponentRGB ? 3 : 1;
}

int Frame::pixel_bytes() const {
    return channels() * sample_bytes(layout.depth);
}

unsigned char *Frame::at(int x, int y) {
    const int row = layout.downwards ? bounds.y2 - 1 - y : y - bounds.y1;
    return data.data() + static_cast<std::ptrdiff_t>(row) * row_length() +
           static_cast<std::ptrdiff_t>(x - bounds.x1) * pixel_bytes();
}

Frame Frame::part(const OfxRectI &rect) const {
    Frame made(rect, layout);
    for (int y = rect.y1; y < rect.y2; ++y)
        std::copy_n(at(rect.x1, y), made.width() * pixel_bytes(), made.at(rect.x1, y));
    return made;
}

double Frame::get(int x, int y, int channel) const {
    const unsigned char *const from = at(x, y) + channel * sample_bytes(layout.depth);
    if (layout.depth == kOfxBitDepthByte) return *from / 255.0;
    return layout.depth == kOfxBitDepthFloat ? loaded<float>(from) : loaded<unsigned short>(from) / 65535.0;
}

void Frame::put(int x, int y, int channel, double value) {
    unsigned char *const to = at(x, y) + channel * sample_bytes(layout.depth);
    if (layout.depth == kOfxBitDepthFloat) return store<float>(to, value);
    if (layout.depth == kOfxBitDepthByte) return store<unsigned char>(to, std::round(value * 255));
    store<unsigned short>(to, std::round(value * 65535));
}

void Frame::premultiply(bool back) {
    if (channels() != 4) return;
    for (int y = bounds.y1; y < bounds.y2; ++y)
        for (int x = bounds.x1; x < bounds.x2; ++x) {
            const double alpha = get(x, y, 3), inverse = alpha > 0 ? 1 / alpha : 0;
            for (int c = 0; c < 3; ++c) put(x, y, c, std::min(1.0, get(x, y, c) * (back ? inverse : alpha)));
        }
}

bool Frame::padding_is_untouched() const {
    for (int y = bounds.y1; y < bounds.y2; ++y) {
        const unsigned char *const end = at(bounds.x2, y);
        if (!std::all_of(end, end + layout.padding, [](unsigned char byte) { return byte == kPadding; }))
            return false;
    }
    return true;
}

Frame read_frame(const std::string &path, const Layout &layout, const OfxPointI &origin) {
    mirra_picture *read = nullptr;
    mirra_error *error = nullptr;
    const mirra_status status = mirra_image_read(path.c_str(), nullptr, &read, &error);
    check(status, error);
    const std::unique_ptr<mirra_picture, void (*)(mirra_picture *)> picture(read, mirra_picture_destroy);
    MIRRA_STRUCT(mirra_image, view);
    check(mirra_picture_view(read, &view, nullptr), nullptr);
    Frame frame({origin.x, origin.y, origin.x + view.width, origin.y + view.height}, layout);
    const bool gray = view.color < MIRRA_COLOR_RGB;
    for (int y = 0; y < view.height; ++y)
        for (int x = 0; x < view.width; ++x)
            for (int c = 0; c < frame.channels(); ++c) {
                const bool there = c < 3 || view.color == MIRRA_COLOR_RGBA;
                const double value = there ? sample(view, x, y, gray ? 0 : c) : 1.0;
                frame.put(origin.x + x, frame.bounds.y2 - 1 - y, c, value);
            }
    return frame;
}

void write_frame(const std::string &path, const Frame &frame) {
    MIRRA_STRUCT(mirra_image, image);
    image.width = frame.width();
    image.height = frame.height();
    const int bytes = sample_bytes(frame.layout.depth);
    image.format = bytes == 1 ? MIRRA_FORMAT_U8 : bytes == 2 ? MIRRA_FORMAT_U16 : MIRRA_FORMAT_F32;
    image.color = frame.channels();
    image.plane_count = 1;
    image.planes[0] = {const_cast<unsigned char *>(frame.at(frame.bounds.x1, frame.bounds.y2 - 1)),
                       frame.pixel_bytes(), -frame.row_bytes()};
    MIRRA_STRUCT(mirra_write_options, options);
    options.bit_depth = bytes == 1 ? 8 : 16;
    mirra_error *error = nullptr;
    const mirra_status status = mirra_image_write(path.c_str(), &image, nullptr, &options, &error);
    check(status, error);
}

} // namespace test_host
