// Pixel access and file writing of the commands.
#include "pictures.hpp"

#include "failure.hpp"
#include "formats.hpp"
#include "made_folders.hpp"
#include "paths.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

namespace mirra::cli {
namespace {

std::int64_t sample_bytes(const mirra_image &image) {
    if (image.format == MIRRA_FORMAT_U8) return 1;
    if (image.format == MIRRA_FORMAT_U16) return 2;
    if (image.format == MIRRA_FORMAT_F32) return 4;
    throw Failure(ExitCode::internal, "no picture file has pixels of this format", "format");
}

/// Where a sample of a picture of the library lies.
std::byte *address(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel) {
    const std::int64_t bytes = sample_bytes(image);
    const bool planar = image.plane_count > 1;
    const mirra_plane &plane = image.planes[planar ? channel : 0];
    return static_cast<std::byte *>(plane.data) + y * plane.row_stride + x * plane.pixel_stride +
           (planar ? 0 : channel * bytes);
}

/// For the library; points into `settings`.
mirra_write_options options_for(const std::string &path, const WriteSettings &settings) {
    auto options = make_struct<mirra_write_options>();
    options.jpeg_quality = settings.jpeg_quality;
    options.bit_depth = settings.bit_depth;
    if (!settings.format.empty())
        options.format = settings.format.c_str();
    else if (path == kStandardOutput)
        options.format = formats().front().name.data();
    return options;
}

bool holds_alpha(const std::string &path, const mirra_write_options &options) {
    const Format *format = options.format != nullptr ? &format_named(options.format) : format_of(path);
    return format != nullptr && format->alpha;
}

} // namespace

std::string WriteSettings::ending() const {
    return format.empty() ? "" : std::string(format_named(format).endings.front());
}

std::int32_t output_format(const mirra_image &source, const WriteSettings &settings) {
    if (settings.bit_depth == 0) return source.format;
    constexpr int kReal = 32;
    if (settings.bit_depth == kReal) return MIRRA_FORMAT_F32;
    return settings.bit_depth == 8 ? MIRRA_FORMAT_U8 : MIRRA_FORMAT_U16;
}

void check_output(const std::string &path, const WriteSettings &settings, const mirra_image *image) {
    const auto options = options_for(path, settings);
    call(Phase::output,
         [&](mirra_error **e) { return mirra_image_check_write(path.c_str(), image, &options, e); });
    if (image == nullptr) return;
    const bool alpha = image->color == MIRRA_COLOR_GRAY_ALPHA || image->color == MIRRA_COLOR_RGBA;
    if (alpha && !holds_alpha(path, options))
        throw Failure(ExitCode::output, "the picture has transparency, which JPEG cannot hold", path,
                      "use a .png output");
}

void write_picture(const std::string &path, const Picture &picture, const mirra_picture *metadata,
                   const WriteSettings &settings) {
    const mirra_image view = view_of(picture);
    auto options = options_for(path, settings);
    std::vector<std::string> notes;
    options.log_user = &notes;
    options.log = [](void *user, std::int32_t, const char *note) {
        static_cast<std::vector<std::string> *>(user)->emplace_back(note);
    };
    into_folder(path, [&] {
        notes.clear();
        call(Phase::output,
             [&](mirra_error **e) { return mirra_image_write(path.c_str(), &view, metadata, &options, e); });
    });
    if (settings.console == nullptr) return;
    for (const std::string &note : notes) settings.console->note(path + ": " + note);
}

Picture copy_picture(const Picture &source, std::int32_t format) {
    const mirra_image from = view_of(source);
    Picture copy = make_picture(from.width, from.height, format, from.color);
    const mirra_image to = view_of(copy);
    for (std::int32_t y = 0; y < from.height; ++y)
        for (std::int32_t x = 0; x < from.width; ++x)
            for (std::int32_t c = 0; c < from.color; ++c) set_sample(to, x, y, c, sample(from, x, y, c));
    copy_color(copy, source);
    return copy;
}

void copy_color(Picture &picture, const Picture &source) {
    in_phase(Phase::input, [&] { picture.copy_color(source); });
}

bool comparable(const Picture &a, const Picture &b) {
    const auto kind = [](const Picture &each) {
        const mirra_image view = view_of(each);
        return std::pair(view.transfer, view.color < MIRRA_COLOR_RGB && view.icc != nullptr);
    };
    const auto plain = std::pair(std::int32_t{MIRRA_TRANSFER_ENCODED}, false);
    return a.same_color(b) && kind(a) == plain && kind(b) == plain;
}

Picture srgb_copy(const Picture &source) {
    Picture copy = copy_picture(source, view_of(source).format);
    try {
        copy.to_srgb();
    } catch (const api::Error &error) {
        if (error.code() != MIRRA_E_UNSUPPORTED)
            throw Failure(ExitCode::internal, "the picture's colours could not be converted");
    }
    return copy;
}

double sample(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel) {
    const std::byte *place = address(image, x, y, channel);
    if (image.format == MIRRA_FORMAT_U8) return std::to_integer<int>(*place) / 255.0;
    if (image.format == MIRRA_FORMAT_F32) {
        float value = 0;
        std::memcpy(&value, place, sizeof value);
        return value;
    }
    std::uint16_t value = 0;
    std::memcpy(&value, place, sizeof value);
    return value / 65535.0;
}

void set_sample(const mirra_image &image, std::int32_t x, std::int32_t y, std::int32_t channel,
                double value) {
    std::byte *place = address(image, x, y, channel);
    if (image.format == MIRRA_FORMAT_F32) {
        const auto real = static_cast<float>(value);
        std::memcpy(place, &real, sizeof real);
        return;
    }
    const double clipped = std::clamp(value, 0.0, 1.0);
    if (image.format == MIRRA_FORMAT_U8) {
        *place = static_cast<std::byte>(std::lround(clipped * 255));
        return;
    }
    const auto wide = static_cast<std::uint16_t>(std::lround(clipped * 65535));
    std::memcpy(place, &wide, sizeof wide);
}

} // namespace mirra::cli
