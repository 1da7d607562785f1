#include "instance.hpp"

#include <algorithm>
#include <cstdio>

namespace mirra_frei0r {
namespace {

mirra_image described(const std::uint32_t *pixels, int width, int height) noexcept {
    auto image = mirra::api::make_struct<mirra_image>();
    image.flags = MIRRA_IMAGE_PACKED;
    image.width = width;
    image.height = height;
    image.format = MIRRA_FORMAT_U8;
    image.color = MIRRA_COLOR_RGBA;
    image.plane_count = 1;
    image.planes[0].data = const_cast<std::uint32_t *>(pixels); // an input is only read
    return image;
}

} // namespace

Instance::Instance(Module &module, int width, int height) : module_(module), width_(width), height_(height) {
    for (const auto &parameter : module_.parameters()) texts_.push_back(parameter.initial());
}

void Instance::set(std::size_t index, f0r_param_t value) {
    const Parameter &parameter = module_.parameters().at(index);
    std::string text = parameter.text_of(value, texts_[index]);
    if (text == texts_[index]) return;
    texts_[index] = std::move(text);
}

void Instance::give(std::size_t index, f0r_param_t value) const {
    module_.parameters().at(index).give(texts_[index], value);
}

void Instance::update(const std::uint32_t *from, std::uint32_t *to) {
    try {
        run(from, to);
    } catch (const std::exception &error) {
        std::copy_n(from, static_cast<std::size_t>(width_) * static_cast<std::size_t>(height_), to);
        complain(mirra_filters::message_of(error));
    }
}

void Instance::run(const std::uint32_t *from, std::uint32_t *to) {
    mirra_filters::Values values;
    for (std::size_t i = 0; i < texts_.size(); ++i) module_.parameters()[i].put(values, texts_[i]);
    const mirra::api::ConstImage source(described(from, width_, height_));
    const mirra::api::Image target(described(to, width_, height_));
    mirra::api::RunOptions options;
    options.frame = frame_++;
    module_.lease(values).run(source, target, options);
}

void Instance::complain(const std::string &reason) {
    if (reason == complaint_) return;
    complaint_ = reason;
    std::fprintf(stderr, "%s: frames are passed through as they are: %s\n", module_.info().name,
                 reason.c_str());
}

} // namespace mirra_frei0r
