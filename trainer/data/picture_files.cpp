// Walking folders, reading within the limit, OpenCV's resize on our images.
#include "data/picture_files.hpp"

#include "core/random.hpp"
#include "host/pixels.hpp"
#include "host/resample.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cmath>
#include <fstream>
#include <span>

namespace mirra::trainer {
bool has_picture_ending(const std::filesystem::path &path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::ranges::any_of(image::codecs(), [&](const image::Codec &codec) {
        return std::ranges::find(codec.extensions, extension) != codec.extensions.end();
    });
}

namespace {

namespace fs = std::filesystem;

std::atomic<std::uint64_t> g_max_pixels{image::DecodeOptions{}.max_pixels};

/// Begins it as a picture does?
bool has_content(const fs::path &path) {
    std::array<char, 16> first{};
    std::ifstream file(path, std::ios::binary);
    file.read(first.data(), first.size());
    const auto bytes = std::as_bytes(std::span(first)).first(static_cast<std::size_t>(file.gcount()));
    return std::ranges::any_of(image::codecs(),
                               [&](const image::Codec &codec) { return codec.sniff(bytes); });
}

/// A training's own curves are no data.
bool is_run_folder(const fs::path &path) {
    std::error_code ignored;
    return fs::exists(path / "checkpoint.safetensors", ignored);
}

/// Walks a folder; what looks like a picture but is not taken is named.
class Walk {
  public:
    std::error_code list(const fs::path &folder) {
        std::error_code error;
        std::vector<fs::path> entries;
        for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
            entries.push_back(entry->path());
        for (const auto &entry : entries) visit(entry);
        return error;
    }

    std::vector<fs::path> found;
    std::vector<std::string> skipped; ///< "path: reason"

  private:
    void skip(const fs::path &path, const std::string &reason) {
        skipped.push_back(path.string() + ": " + reason);
    }

    void visit(const fs::path &path) {
        std::error_code error;
        std::error_code ignored;
        const bool link = fs::is_symlink(path, ignored);
        const auto status = fs::status(path, error);
        const bool hidden = path.filename().string().starts_with('.');
        if (hidden) {
            if (has_picture_ending(path)) skip(path, "a hidden file");
        } else if (!fs::exists(status)) {
            skip(path, (link ? "a link that leads nowhere: " : "it cannot be looked at: ") + error.message());
        } else if (fs::is_directory(status)) {
            if (link || is_run_folder(path)) return;
            if (const auto failure = list(path))
                skip(path, "the folder cannot be read: " + failure.message());
        } else if (fs::is_regular_file(status)) {
            if (has_picture_ending(path) || (!path.has_extension() && has_content(path)))
                found.push_back(path);
        } else if (has_picture_ending(path)) {
            skip(path, "no regular file");
        }
    }
};

void tell_skipped(std::vector<std::string> skipped) {
    constexpr std::size_t kNamed = 20;
    std::ranges::sort(skipped);
    for (std::size_t i = 0; i < std::min(skipped.size(), kNamed); ++i) log_warning("skipped " + skipped[i]);
    if (skipped.size() > kNamed) log_warning("skipped " + std::to_string(skipped.size() - kNamed) + " more");
}

cv::Mat matrix(const image::Image &picture) {
    auto *pixels = const_cast<std::byte *>(picture.bytes().data());
    return {picture.height(), picture.width(), CV_8UC3, pixels};
}

} // namespace

std::vector<fs::path> find_pictures(const fs::path &folder, const std::string &option) {
    Walk walk;
    if (const auto failure = walk.list(folder))
        throw Error(ErrorCode::not_found, "cannot open the data folder: " + failure.message(),
                    folder.string(), "check the path given with " + option);
    tell_skipped(std::move(walk.skipped));
    std::ranges::sort(walk.found);
    return std::move(walk.found);
}

bool is_folder(const fs::path &path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

void limit_pictures(std::uint64_t max_pixels) {
    g_max_pixels = max_pixels;
}

image::Image read_picture(const fs::path &path, std::int64_t reduce_to) {
    return image::read(path, {.max_pixels = g_max_pixels, .reduce_to = static_cast<std::int32_t>(reduce_to)});
}

image::Image decode_picture(std::span<const std::byte> bytes) {
    return image::decode(bytes, {.max_pixels = g_max_pixels});
}

image::Image read_rgb8(const fs::path &path, std::int64_t reduce_to) {
    return to_rgb8(read_picture(path, reduce_to));
}

std::uint64_t picture_fingerprint(const fs::path &path) {
    std::uint64_t hash = 0;
    for (const unsigned char c : path.filename().string()) hash = mix(hash ^ c);
    std::error_code error;
    const auto size = fs::file_size(path, error);
    if (error) throw Error(ErrorCode::io, "cannot look at the file: " + error.message(), path.string());
    return hash ^ size;
}

image::Image to_rgb8(const image::Image &picture) {
    const image::Rect all{0, 0, picture.width(), picture.height()};
    std::vector<float> values(static_cast<std::size_t>(all.width) * static_cast<std::size_t>(all.height) * 3);
    host::load_tile(host::see(picture.view()), {0, 0, all.width, all.height}, 3, values);
    image::Image out(all.width, all.height, 3, image::SampleType::u8);
    image::scatter({values, all.width, all.height, 3}, 0, 0, out.view(), all);
    return out;
}

image::Image reduce_short_side(image::Image picture, std::int64_t side) {
    const auto shorter = std::min(picture.width(), picture.height());
    if (side <= 0 || shorter <= side) return picture;
    const double scale = static_cast<double>(side) / shorter;
    const auto scaled = [&](std::int32_t extent) {
        return std::max(static_cast<std::int32_t>(side),
                        static_cast<std::int32_t>(std::lround(extent * scale)));
    };
    image::Image out(scaled(picture.width()), scaled(picture.height()), 3, image::SampleType::u8);
    auto target = matrix(out);
    cv::resize(matrix(picture), target, target.size(), 0, 0, cv::INTER_AREA);
    return out;
}

image::Image squared(const image::Image &picture, std::int64_t extent) {
    if (picture.width() == extent && picture.height() == extent) return picture;
    const auto side = static_cast<std::int32_t>(extent);
    std::vector<float> values(static_cast<std::size_t>(extent * extent * 3));
    host::load_resampled(host::see(picture.view()), extent, extent, {0, 0, extent, extent}, 3, values);
    image::Image out(side, side, 3, image::SampleType::u8);
    image::scatter({values, side, side, 3}, 0, 0, out.view(), {0, 0, side, side});
    return out;
}

void resample(const image::Image &picture, const image::Rect &rect, std::int64_t extent, std::uint8_t *out) {
    const auto side = static_cast<int>(extent);
    const auto source = matrix(picture)(cv::Rect(rect.x, rect.y, rect.width, rect.height));
    cv::Mat target(side, side, CV_8UC3, out);
    if (rect.width == side && rect.height == side)
        source.copyTo(target);
    else
        cv::resize(source, target, target.size(), 0, 0,
                   rect.width > side || rect.height > side ? cv::INTER_AREA : cv::INTER_LINEAR);
}

} // namespace mirra::trainer
