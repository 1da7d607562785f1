// Pictures and files of images; what is measured of images.

#include "convert.h"
#include "handles.h"
#include "image.h"

#include <deque>
#include <string>

namespace mirra_node {
namespace {

using Picture = std::shared_ptr<mirra_picture>;

Picture picture_of(Js &js, const Arguments &values) {
    return unbox<mirra_picture>(js, values[0]);
}

mirra_image view_of(const Picture &picture) {
    return filled<mirra_image>(
        [&](auto out, auto error) { return api().mirra_picture_view(picture.get(), out, error); });
}

std::int64_t bytes_of(const mirra_image &image) {
    return image.planes[0].row_stride * image.height;
}

napi_value box_picture(Js &js, const Picture &picture) {
    return box(js, picture, bytes_of(view_of(picture)));
}

mirra_read_options read_options(Js &js, napi_value max_pixels) {
    MIRRA_STRUCT(mirra_read_options, options);
    if (js.is_given(max_pixels)) options.max_pixels = js.to<std::uint64_t>(max_pixels, "maxPixels");
    return options;
}

Task picture_read(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    const mirra_read_options options = read_options(js, values[1]);
    const auto picture = std::make_shared<Picture>();
    return {[=] {
                *picture = made<mirra_picture>([&](auto out, auto error) {
                    return api().mirra_image_read(path.c_str(), &options, out, error);
                });
            },
            [=](Js &js) { return box_picture(js, *picture); }};
}

Task picture_decode(Js &js, const Arguments &values) {
    const View view = to_view(js, values[0], "bytes");
    const mirra_read_options options = read_options(js, values[1]);
    // Held where that is possible, else copied: JavaScript goes on meanwhile.
    const std::shared_ptr<void> held = pin(view.array_buffer);
    const auto copy = std::make_shared<std::vector<std::uint8_t>>();
    if (held == nullptr) copy->assign(view.data, view.data + view.bytes);
    const std::uint8_t *data = held != nullptr ? view.data : copy->data();
    const auto picture = std::make_shared<Picture>();
    return {[=, size = view.bytes, keep = std::make_pair(held, copy)] {
                *picture = made<mirra_picture>([&](auto out, auto error) {
                    return api().mirra_image_read_memory(data, size, &options, out, error);
                });
            },
            [=](Js &js) { return box_picture(js, *picture); }};
}

napi_value picture_create(Js &js, const Arguments &values) {
    const auto number = [&](std::size_t i, const char *name) { return js.to<std::int32_t>(values[i], name); };
    const std::int32_t width = number(0, "width"), height = number(1, "height"), format = number(2, "format"),
                       color = number(3, "channels");
    return box_picture(js, made<mirra_picture>([&](auto out, auto error) {
                           return api().mirra_picture_create(width, height, format, color, out, error);
                       }));
}

/// A picture over the pixels of an image: no copy where their memory can be held.
napi_value picture_wrap(Js &js, const Arguments &values) {
    auto held = std::make_unique<HeldImage>(js, values[0], "image", HeldImage::Use::read);
    const auto picture = made<mirra_picture>([&](auto out, auto error) {
        return api().mirra_picture_wrap(
            held->get(), [](void *image) { delete static_cast<HeldImage *>(image); }, held.get(), out, error);
    });
    held.release();
    return box(js, picture);
}

napi_value picture_info(Js &js, const Arguments &values) {
    const Picture picture = picture_of(js, values);
    const auto info = filled<mirra_picture_info>(
        [&](auto out, auto error) { return api().mirra_picture_get_info(picture.get(), out, error); });
    napi_value object = to_object(js, info), notes = js.array(info.note_count);
    for (std::uint32_t i = 0; i < info.note_count; ++i)
        js.set(notes, i, js.text(api().mirra_picture_note(picture.get(), i)));
    js.set(object, "notes", notes);
    const mirra_image view = view_of(picture);
    js.set(object, "width", js.number(view.width));
    js.set(object, "height", js.number(view.height));
    js.set(object, "channels", js.number(view.color));
    js.set(object, "format", js.word(view.format, words_of_mirra_format));
    return object;
}

/// The memory of interleaved pixels as an array of JavaScript's, which keeps the picture; null where this
/// runtime has no such arrays.
napi_value array_over(Js &js, const Picture &picture, const mirra_image &view) {
    const void *lowest = nullptr;
    std::uint64_t bytes = 0;
    succeed([&](mirra_error **error) { return api().mirra_image_extent(&view, 0, &lowest, &bytes, error); });
    auto owner = std::make_unique<Picture>(picture); // the pixels live until JavaScript lets go of them
    const auto release = [](napi_env, void *, void *held) { delete static_cast<Picture *>(held); };
    napi_value memory = nullptr, data = nullptr;
    if (napi_create_external_arraybuffer(js.env, const_cast<void *>(lowest), bytes, release, owner.get(),
                                         &memory) != napi_ok)
        return nullptr;
    owner.release();
    const std::size_t sample = element_size(array_type(view.format));
    const bool whole = reinterpret_cast<std::uintptr_t>(lowest) % sample == 0 && bytes % sample == 0;
    const napi_typedarray_type type = whole ? array_type(view.format) : napi_uint8_array;
    js.check(napi_create_typedarray(js.env, type, bytes / element_size(type), memory, 0, &data));
    return data;
}

napi_value picture_image(Js &js, const Arguments &values) {
    const Picture picture = picture_of(js, values);
    const mirra_image view = view_of(picture);
    if (view.plane_count == 1)
        if (const napi_value data = array_over(js, picture, view)) return to_image(js, view, data);
    void *copied = nullptr;
    mirra_image copy = view;
    const std::int64_t pixel = view.color * static_cast<std::int64_t>(sample_size(view.format));
    const napi_value data = js.typed_array(array_type(view.format), array_length(view), &copied);
    copy.plane_count = 1;
    copy.planes[0] = {copied, pixel, pixel * view.width};
    copy_pixels(view, copy);
    return to_image(js, copy, data);
}

napi_value picture_metadata(Js &js, const Arguments &values) {
    const Picture picture = picture_of(js, values);
    const auto kind = js.to<std::int32_t>(values[1], "kind");
    const void *bytes = nullptr;
    std::uint64_t size = 0;
    succeed([&](mirra_error **error) {
        return api().mirra_picture_metadata(picture.get(), kind, &bytes, &size, error);
    });
    return bytes == nullptr ? js.null() : js.buffer(bytes, size);
}

napi_value picture_copy_color(Js &js, const Arguments &values) {
    const Picture picture = picture_of(js, values), source = unbox<mirra_picture>(js, values[1]);
    succeed([&](mirra_error **error) {
        return api().mirra_picture_copy_color(picture.get(), source.get(), error);
    });
    return js.undefined();
}

napi_value picture_same_color(Js &js, const Arguments &values) {
    const Picture a = picture_of(js, values), b = unbox<mirra_picture>(js, values[1]);
    return js.boolean(api().mirra_picture_same_color(a.get(), b.get()) != 0);
}

Task picture_to_srgb(Js &js, const Arguments &values) {
    const Picture picture = picture_of(js, values);
    return {[=] {
                succeed(
                    [&](mirra_error **error) { return api().mirra_picture_to_srgb(picture.get(), error); });
            },
            [](Js &js) { return js.undefined(); }};
}

// ---- Images of both kinds: pixels of JavaScript, or a picture's

class Pixels {
  public:
    Pixels(Js &js, napi_value value, const char *what, HeldImage::Use use = HeldImage::Use::read) {
        if (js.type(value) == napi_external) {
            picture_ = unbox<mirra_picture>(js, value);
            view_ = view_of(picture_);
        } else {
            held_ = std::make_unique<HeldImage>(js, value, what, use);
        }
    }
    [[nodiscard]] const mirra_image *get() const { return held_ ? held_->get() : &view_; }
    void give_back(Js &js) {
        if (held_) held_->give_back(js);
    }

  private:
    Picture picture_;
    mirra_image view_{};
    std::unique_ptr<HeldImage> held_;
};

/// How a file is written, with what JavaScript is told of what it lacks.
struct Writing {
    mirra_write_options options = filled<mirra_write_options>([](auto, auto) { return MIRRA_OK; });
    std::string format;
    Picture metadata;
    std::vector<std::string> notes;

    Writing(Js &js, napi_value given) {
        const auto number = [&](const char *name) { return js.to<std::int32_t>(js.get(given, name), name); };
        options.jpeg_quality = number("jpegQuality");
        options.bit_depth = number("bitDepth");
        if (const napi_value value = js.get(given, "format"); js.is_given(value))
            format = js.to_text(value, "format");
        if (!format.empty()) options.format = format.c_str();
        if (const napi_value value = js.get(given, "metadata"); js.is_given(value))
            metadata = unbox<mirra_picture>(js, value);
        options.log_user = &notes;
        options.log = [](void *user, mirra_log_level, const char *message) {
            static_cast<std::vector<std::string> *>(user)->emplace_back(message);
        };
    }
    Writing(const Writing &) = delete;
    Writing &operator=(const Writing &) = delete;
    [[nodiscard]] napi_value to_notes(Js &js) const {
        napi_value list = js.array(notes.size());
        for (std::uint32_t i = 0; i < notes.size(); ++i) js.set(list, i, js.text(notes[i]));
        return list;
    }
};

Task image_write(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    const auto image = std::make_shared<Pixels>(js, values[1], "image");
    const auto writing = std::make_shared<Writing>(js, values[2]);
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_image_write(path.c_str(), image->get(), writing->metadata.get(),
                                                   &writing->options, error);
                });
            },
            [=](Js &js) { return writing->to_notes(js); }};
}

Task image_encode(Js &js, const Arguments &values) {
    const auto image = std::make_shared<Pixels>(js, values[0], "image");
    const auto writing = std::make_shared<Writing>(js, values[1]);
    const auto file = std::make_shared<std::pair<std::unique_ptr<void, void (*)(void *)>, std::size_t>>(
        std::unique_ptr<void, void (*)(void *)>(nullptr, api().mirra_memory_free), 0);
    return {[=] {
                void *bytes = nullptr;
                succeed([&](mirra_error **error) {
                    return api().mirra_image_write_memory(image->get(), writing->metadata.get(),
                                                          &writing->options, &bytes, &file->second, error);
                });
                file->first.reset(bytes);
            },
            [=](Js &js) { return js.buffer(file->first.get(), file->second); }};
}

napi_value image_check_write(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    std::unique_ptr<Pixels> image;
    if (js.is_given(values[1])) image = std::make_unique<Pixels>(js, values[1], "image");
    const Writing writing(js, values[2]);
    succeed([&](mirra_error **error) {
        return api().mirra_image_check_write(path.c_str(), image ? image->get() : nullptr, &writing.options,
                                             error);
    });
    return js.undefined();
}

Task image_add_noise(Js &js, const Arguments &values) {
    const auto image = std::make_shared<Pixels>(js, values[0], "image", HeldImage::Use::write);
    const double sigma = js.to_number(values[1], "sigma");
    const auto seed = js.to<std::uint64_t>(values[2], "seed");
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_image_add_noise(image->get(), sigma, seed, error);
                });
            },
            [=](Js &js) {
                image->give_back(js);
                return js.undefined();
            }};
}

Task image_estimate_noise(Js &js, const Arguments &values) {
    const auto image = std::make_shared<Pixels>(js, values[0], "image");
    const auto sigma = std::make_shared<double>();
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_image_estimate_noise(image->get(), sigma.get(), error);
                });
            },
            [=](Js &js) { return js.number(*sigma); }};
}

Task image_compare(Js &js, const Arguments &values) {
    const auto a = std::make_shared<Pixels>(js, values[0], "a"),
               b = std::make_shared<Pixels>(js, values[1], "b");
    const auto comparison = std::make_shared<mirra_comparison>();
    return {[=] {
                *comparison = filled<mirra_comparison>([&](auto out, auto error) {
                    return api().mirra_image_compare(a->get(), b->get(), out, error);
                });
            },
            [=](Js &js) { return to_object(js, *comparison); }};
}

} // namespace

std::vector<Export> picture_exports() {
    return {
        MIRRA_EXPORT_BOTH("pictureRead", picture_read),
        MIRRA_EXPORT_BOTH("pictureDecode", picture_decode),
        MIRRA_EXPORT_BOTH("pictureToSrgb", picture_to_srgb),
        MIRRA_EXPORT_BOTH("imageWrite", image_write),
        MIRRA_EXPORT_BOTH("imageEncode", image_encode),
        MIRRA_EXPORT_BOTH("imageAddNoise", image_add_noise),
        MIRRA_EXPORT_BOTH("imageEstimateNoise", image_estimate_noise),
        MIRRA_EXPORT_BOTH("imageCompare", image_compare),
        exported<picture_create>("pictureCreate"),
        exported<picture_wrap>("pictureWrap"),
        exported<picture_info>("pictureInfo"),
        exported<picture_image>("pictureImage"),
        exported<picture_metadata>("pictureMetadata"),
        exported<picture_copy_color>("pictureCopyColor"),
        exported<picture_same_color>("pictureSameColor"),
        exported<image_check_write>("imageCheckWrite"),
    };
}

} // namespace mirra_node
