// Finding, decoding and caching training pictures.
#include "data/image_set.hpp"

#include "core/random.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path &path) {
    std::string extension = path.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::uint64_t hash_text(const std::string &text) {
    std::uint64_t hash = 0;
    for (const unsigned char c : text) hash = mix(hash ^ c);
    return hash;
}

} // namespace

image::Image to_rgb8(const image::Image &picture) {
    const image::Rect all{0, 0, picture.width(), picture.height()};
    std::vector<float> values(static_cast<std::size_t>(all.width) * static_cast<std::size_t>(all.height) * 3);
    image::gather(picture.view(), all, values, 3);
    image::Image out(all.width, all.height, 3, image::SampleType::u8);
    image::scatter({values, all.width, all.height, 3}, 0, 0, out.view(), all);
    return out;
}

ImageSet::ImageSet(const std::vector<fs::path> &folders, std::uint64_t cache_bytes)
    : cache_bytes_(cache_bytes) {
    std::vector<fs::path> found;
    for (const auto &folder : folders) add_folder(folder, found);
    if (found.empty())
        throw Error(ErrorCode::not_found, "no picture (.png, .jpg, .jpeg) in the data folders",
                    folders.empty() ? "--data" : folders.front().string(),
                    "give a folder that holds pictures");
    std::ranges::sort(found);
    for (const auto &path : found) {
        fingerprint_ = mix(fingerprint_ ^ hash_text(path.filename().string()) ^ fs::file_size(path));
        entries_.push_back(std::make_unique<Entry>());
        entries_.back()->path = path;
    }
}

void ImageSet::add_folder(const fs::path &folder, std::vector<fs::path> &found) const {
    std::error_code failure;
    fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied, failure);
    if (failure)
        throw Error(ErrorCode::not_found, "cannot open the data folder: " + failure.message(),
                    folder.string(), "check the path given with --data");
    for (const auto &entry : walk)
        if (entry.is_regular_file(failure) && is_picture(entry.path())) found.push_back(entry.path());
}

std::unique_ptr<ImageSet> ImageSet::hold_out(std::int64_t count) {
    if (size() < 2 * count)
        throw Error(ErrorCode::invalid_argument,
                    "of " + std::to_string(size()) + " pictures, " + std::to_string(count) +
                        " cannot be held out for validation",
                    "validation.pictures", "add pictures, or lower validation.pictures in the recipe");
    std::unique_ptr<ImageSet> held(new ImageSet(cache_bytes_));
    std::vector<std::unique_ptr<Entry>> kept;
    const auto all = size();
    for (std::int64_t i = 0, next = 0; i < all; ++i) {
        const bool take = next < count && i == next * all / count;
        if (take) ++next;
        (take ? held->entries_ : kept).push_back(std::move(entries_[static_cast<std::size_t>(i)]));
    }
    entries_ = std::move(kept);
    return held;
}

const fs::path &ImageSet::path(std::int64_t index) const {
    return entries_.at(static_cast<std::size_t>(index))->path;
}

std::shared_ptr<const image::Image> ImageSet::get(std::int64_t index) {
    for (std::int64_t offset = 0; offset < size(); ++offset)
        if (auto picture = load(*entries_[static_cast<std::size_t>((index + offset) % size())]))
            return picture;
    throw Error(ErrorCode::corrupt, "none of the " + std::to_string(size()) + " pictures can be read",
                entries_.front()->path.string(), "check the files");
}

std::shared_ptr<const image::Image> ImageSet::load(Entry &entry) {
    const std::scoped_lock entry_lock(entry.mutex);
    if (entry.broken || entry.picture) return entry.picture;
    try {
        auto picture = std::make_shared<const image::Image>(to_rgb8(image::read(entry.path)));
        const std::scoped_lock lock(mutex_);
        if (cached_bytes_ + picture->bytes().size() <= cache_bytes_) {
            cached_bytes_ += picture->bytes().size();
            entry.picture = picture;
        }
        return picture;
    } catch (const Error &error) {
        entry.broken = true;
        const std::scoped_lock lock(mutex_);
        skipped_.push_back(entry.path.string() + ": " + error.what());
        return nullptr;
    }
}

std::vector<std::string> ImageSet::skipped() const {
    const std::scoped_lock lock(mutex_);
    return skipped_;
}

} // namespace mirra::trainer
