#include "image.h"

#include "convert.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace mirra_node {
namespace {

std::atomic<bool> pinning{false};

struct Described {
    mirra_image image;
    std::vector<View> views;
};

void check_bounds(const mirra_image &image, const std::vector<View> &views, const char *what) {
    for (std::uint32_t plane = 0; plane < image.plane_count; ++plane) {
        const void *lowest = nullptr;
        std::uint64_t bytes = 0;
        succeed([&](mirra_error **error) {
            return api().mirra_image_extent(&image, plane, &lowest, &bytes, error);
        });
        const auto begin = reinterpret_cast<std::uintptr_t>(views[plane].data);
        const auto first = reinterpret_cast<std::uintptr_t>(lowest);
        const std::uint64_t size = views[plane].bytes;
        if (first < begin || bytes > size || first - begin > size - bytes)
            throw invalid(what, size == 0 ? "has no pixels: its memory is empty or was transferred"
                                          : "has fewer bytes than its size and strides ask for");
    }
}

/// The numbers of an image, as src/image.ts puts them into an array: one look-up in place of nine.
enum Number { width, height, format, color, alpha_mode, transfer, pixel_stride, row_stride, offset, count };
constexpr const char *number_names[count] = {"width",    "height",      "format",    "channels", "alphaMode",
                                             "transfer", "pixelStride", "rowStride", "offset"};

class Numbers {
  public:
    Numbers(Js &js, napi_value image) : view_(to_view(js, js.get(image, "numbers"), "numbers")) {
        if (view_.type != napi_float64_array || view_.bytes != count * sizeof(double))
            throw invalid("numbers", "are missing");
    }
    template<class Integer> [[nodiscard]] Integer get(Number which, std::int64_t least = 0) const {
        double value = 0;
        std::memcpy(&value, view_.data + which * sizeof value, sizeof value);
        return static_cast<Integer>(
            checked_integer(value, number_names[which], least, sizeof(Integer) == 8 ? INT64_MAX : INT32_MAX));
    }

  private:
    View view_;
};

void describe_planes(Js &js, napi_value value, const Numbers &numbers, const char *what,
                     Described &described) {
    mirra_image &image = described.image;
    const napi_value list = js.get(value, "views");
    const std::uint32_t planes = js.length(list);
    if (planes != 1 && planes != static_cast<std::uint32_t>(image.color))
        throw invalid(what, "has a wrong number of planes");
    const auto first = numbers.get<std::int64_t>(offset);
    const auto pixel = numbers.get<std::int64_t>(pixel_stride, INT64_MIN);
    const auto row = numbers.get<std::int64_t>(row_stride, INT64_MIN);
    for (std::uint32_t i = 0; i < planes; ++i) described.views.push_back(to_view(js, js.get(list, i), what));
    image.plane_count = planes;
    for (std::uint32_t i = 0; i < planes; ++i) {
        const View &view = described.views[i];
        if (view.bytes == 0 || static_cast<std::uint64_t>(first) >= view.bytes)
            throw invalid(what, view.bytes == 0 ? "has no pixels: its memory is empty or was transferred"
                                                : "has an offset beyond its memory");
        image.planes[i] = {view.data + first, pixel, row};
    }
    check_bounds(image, described.views, what);
}

Described describe(Js &js, napi_value value, const char *what, HeldImage::Use use) {
    const Numbers numbers(js, value);
    MIRRA_STRUCT(mirra_image, image);
    image.width = numbers.get<std::int32_t>(width, 1);
    image.height = numbers.get<std::int32_t>(height, 1);
    image.format = numbers.get<std::int32_t>(format);
    image.color = numbers.get<std::int32_t>(color);
    image.alpha_mode = numbers.get<std::int32_t>(alpha_mode);
    image.transfer = numbers.get<std::int32_t>(transfer);
    Described described{image, {}};
    if (use != HeldImage::Use::describe) describe_planes(js, value, numbers, what, described);
    return described;
}

std::uint8_t *sample(const mirra_image &image, int channel, std::int64_t x, std::int64_t y) {
    const bool interleaved = image.plane_count == 1;
    const mirra_plane &plane = image.planes[interleaved ? 0 : channel];
    return static_cast<std::uint8_t *>(plane.data) + y * plane.row_stride + x * plane.pixel_stride +
           (interleaved ? channel * static_cast<std::int64_t>(sample_size(image.format)) : 0);
}

bool has_tight_pixels(const mirra_image &image) {
    return image.plane_count == 1 &&
           image.planes[0].pixel_stride == image.color * static_cast<std::int64_t>(sample_size(image.format));
}

} // namespace

std::shared_ptr<void> pin(napi_value array_buffer) {
    // v8::ArrayBuffer::GetBackingStore, which serves SharedArrayBuffers too. Node-API offers nothing like it,
    // and an ArrayBuffer that is transferred while a job runs would be freed under the job.
    using GetBackingStore = std::shared_ptr<void> (*)(napi_value);
    static const auto get_backing_store =
        reinterpret_cast<GetBackingStore>(dlsym(RTLD_DEFAULT, "_ZN2v811ArrayBuffer15GetBackingStoreEv"));
    return pinning && get_backing_store != nullptr ? get_backing_store(array_buffer) : nullptr;
}

void set_pinning(bool on) {
    pinning = on;
}

std::size_t sample_size(mirra_format format) {
    return format == MIRRA_FORMAT_U8 ? 1 : format == MIRRA_FORMAT_F32 ? 4 : 2;
}

napi_typedarray_type array_type(mirra_format format) {
    switch (format) {
    case MIRRA_FORMAT_U8:
    case MIRRA_FORMAT_U16_SWAPPED: // no array shows these as numbers
        return napi_uint8_array;
    case MIRRA_FORMAT_F32:
        return napi_float32_array;
    default:
        return napi_uint16_array;
    }
}

std::size_t array_length(const mirra_image &image) {
    return static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height) *
           static_cast<std::size_t>(image.color) * sample_size(image.format) /
           element_size(array_type(image.format));
}

void copy_pixels(const mirra_image &from, const mirra_image &to) {
    const std::size_t size = sample_size(from.format);
    if (has_tight_pixels(from) && has_tight_pixels(to)) {
        const std::size_t row =
            size * static_cast<std::size_t>(from.color) * static_cast<std::size_t>(from.width);
        for (std::int64_t y = 0; y < from.height; ++y)
            std::memcpy(sample(to, 0, 0, y), sample(from, 0, 0, y), row);
        return;
    }
    for (int channel = 0; channel < from.color; ++channel)
        for (std::int64_t y = 0; y < from.height; ++y)
            for (std::int64_t x = 0; x < from.width; ++x)
                std::memcpy(sample(to, channel, x, y), sample(from, channel, x, y), size);
}

HeldImage::HeldImage(Js &js, napi_value value, const char *what, Use use) {
    const Described described = describe(js, value, what, use);
    image_ = described.image;
    if (const napi_value profile = js.get(value, "icc"); js.is_given(profile)) {
        const View view = to_view(js, profile, "icc");
        icc_.assign(view.data, view.data + view.bytes);
        image_.icc = icc_.data();
        image_.icc_bytes = icc_.size();
    }
    for (const View &view : described.views) {
        pins_.push_back(pin(view.array_buffer));
        if (pins_.back() == nullptr) {
            copy(js, value, use);
            break;
        }
    }
}

void HeldImage::copy(Js &js, napi_value value, Use use) {
    const mirra_image there = image_;
    const std::int64_t pixel = image_.color * static_cast<std::int64_t>(sample_size(image_.format));
    copied_.resize(static_cast<std::size_t>(pixel * image_.width * image_.height));
    image_.plane_count = 1;
    image_.planes[0] = {copied_.data(), pixel, pixel * image_.width};
    copy_pixels(there, image_);
    if (use == Use::write) original_ = Reference(js, value);
}

void HeldImage::give_back(Js &js) {
    if (!original_) return;
    try {
        const Described now = describe(js, original_.value(js), "output", Use::write);
        copy_pixels(image_, now.image);
    } catch (const Failure &) { // it was transferred: nobody looks at it here
    }
    original_.reset(js);
}

napi_value to_image(Js &js, const mirra_image &image, napi_value data) {
    const mirra_plane &plane = image.planes[0];
    const std::int64_t tight = image.color * static_cast<std::int64_t>(sample_size(image.format));
    const std::int64_t first = std::min<std::int64_t>(0, (image.width - 1) * plane.pixel_stride) +
                               std::min<std::int64_t>(0, (image.height - 1) * plane.row_stride);
    napi_value object = js.object();
    js.set(object, "data", data);
    js.set(object, "width", js.number(image.width));
    js.set(object, "height", js.number(image.height));
    js.set(object, "channels", js.number(image.color));
    js.set(object, "format", js.word(image.format, words_of_mirra_format));
    js.set(object, "rowStride", js.number(static_cast<double>(plane.row_stride)));
    if (plane.pixel_stride != tight)
        js.set(object, "pixelStride", js.number(static_cast<double>(plane.pixel_stride)));
    if (first != 0) js.set(object, "offset", js.number(static_cast<double>(-first)));
    js.set(object, "alphaMode", js.word(image.alpha_mode, words_of_mirra_alpha_mode));
    js.set(object, "transfer", js.word(image.transfer, words_of_mirra_transfer));
    if (image.icc_bytes > 0) js.set(object, "icc", js.buffer(image.icc, image.icc_bytes));
    return object;
}

} // namespace mirra_node
