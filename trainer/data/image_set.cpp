// Finding, decoding and caching training pictures.
#include "data/image_set.hpp"

#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

} // namespace

ImageSet::ImageSet(const std::vector<fs::path> &folders, std::uint64_t cache_bytes)
    : cache_bytes_(cache_bytes) {
    std::vector<fs::path> found;
    std::set<fs::path> seen; // a folder may lie in another: no picture shall train and validate
    for (const auto &folder : folders)
        for (auto &path : find_pictures(folder))
            if (seen.insert(fs::canonical(path)).second) found.push_back(std::move(path));
    if (found.empty())
        throw Error(ErrorCode::not_found, "no picture (.png, .jpg, .jpeg) in the data folders",
                    folders.empty() ? "--data" : folders.front().string(),
                    "give a folder that holds pictures");
    std::ranges::sort(found);
    for (const auto &path : found) {
        fingerprint_ = mix(fingerprint_ ^ picture_fingerprint(path));
        entries_.push_back(std::make_unique<Entry>());
        entries_.back()->path = path;
    }
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

std::shared_ptr<const image::Image> ImageSet::read(std::int64_t index) {
    return load(*entries_.at(static_cast<std::size_t>(index)));
}

std::shared_ptr<const image::Image> ImageSet::get(std::int64_t index) {
    for (std::int64_t offset = 0; offset < size(); ++offset)
        if (auto picture = read((index + offset) % size())) return picture;
    throw Error(ErrorCode::corrupt, "none of the " + std::to_string(size()) + " pictures can be read",
                entries_.front()->path.string(), "check the files");
}

std::shared_ptr<const image::Image> ImageSet::load(Entry &entry) {
    const std::scoped_lock entry_lock(entry.mutex);
    if (entry.broken || entry.picture) return entry.picture;
    try {
        auto picture = std::make_shared<const image::Image>(read_rgb8(entry.path));
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
