// Labelled pictures out of stores.
#include "data/class_set.hpp"

#include "core/random.hpp"
#include "data/class_names.hpp"
#include "data/resample.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {

ClassSet::ClassSet(const std::vector<std::string> &sources, Split split, const Options &options)
    : options_(options) {
    for (const auto &source : sources)
        if (auto store = options.labelled ? open_pictures(source, split)
                                          : open_unlabelled(source, split, options.option))
            add(std::move(store), source);
    const std::string folder =
        options.labelled ? "give a folder with one folder of pictures a class" : "give a folder of pictures";
    if (entries_.empty())
        throw Error(ErrorCode::not_found,
                    split == Split::train ? "no picture to train on" : "the data has no split for validation",
                    sources.empty() ? "--data" : sources.front(),
                    split == Split::train ? folder : folder + " with --validation");
}

ClassSet::ClassSet(std::vector<std::unique_ptr<PictureStore>> stores, const Options &options)
    : options_(options) {
    for (auto &store : stores) {
        const auto first = store->size() > 0 ? store->name(0) : std::string();
        add(std::move(store), first);
    }
}

std::unique_ptr<ClassSet> ClassSet::hold_out(std::int64_t count) {
    if (count < 1 || size() < 2 * count)
        throw Error(ErrorCode::invalid_argument,
                    "too few pictures: " + std::to_string(size()) + "; " + std::to_string(count) +
                        " are held out for validation, and as many at least are trained on",
                    "validation.pictures", "add pictures, or lower it in the recipe");
    std::unique_ptr<ClassSet> held(new ClassSet(stores_, options_));
    std::vector<std::unique_ptr<Entry>> kept;
    const auto stride = size() / count;
    for (std::int64_t i = 0; i < size(); ++i) {
        const bool moves = i % stride == 0 && held->size() < count;
        (moves ? held->entries_ : kept).push_back(std::move(entries_[static_cast<std::size_t>(i)]));
    }
    entries_ = std::move(kept);
    return held;
}

void ClassSet::leave_readable(const std::function<void(std::int64_t)> &progress) {
    for (std::int64_t i = 0; i < size(); ++i) {
        load(*entries_[static_cast<std::size_t>(i)]);
        progress(i + 1);
    }
    std::erase_if(entries_, [](const auto &entry) { return entry->broken; });
}

void ClassSet::keep(std::int64_t count) {
    if (count < 1 || size() <= count) return;
    std::vector<std::unique_ptr<Entry>> kept;
    for (std::int64_t i = 0; i < count; ++i)
        kept.push_back(std::move(entries_[static_cast<std::size_t>(i * size() / count)]));
    entries_ = std::move(kept);
}

/// Of the one class that is taken; nothing: all are.
std::optional<std::int32_t> ClassSet::wanted_label(const PictureStore &store) const {
    if (options_.only.empty()) return std::nullopt;
    return label_of(store.classes(), options_.only, "--class");
}

void ClassSet::add(std::unique_ptr<PictureStore> store, const std::string &source) {
    if (!stores_.empty() && store->classes() != classes())
        throw Error(ErrorCode::mismatch, "the data folders have different classes", source,
                    "give folders whose class folders have the same names");
    const auto wanted = wanted_label(*store);
    for (std::int64_t i = 0; i < store->size(); ++i) {
        if (wanted && store->label(i) != *wanted) continue;
        entries_.push_back(std::make_unique<Entry>());
        entries_.back()->store = store.get();
        entries_.back()->index = i;
    }
    stores_.push_back(std::move(store));
}

std::string ClassSet::name(std::int64_t index) const {
    const auto &entry = *entries_.at(static_cast<std::size_t>(index));
    return entry.store->name(entry.index);
}

std::int32_t ClassSet::label(std::int64_t index) const {
    const auto &entry = *entries_.at(static_cast<std::size_t>(index));
    return entry.store->label(entry.index);
}

image::Image ClassSet::original(std::int64_t index) const {
    const auto &entry = *entries_.at(static_cast<std::size_t>(index));
    return entry.store->original(entry.index);
}

LabelledPicture ClassSet::get(std::int64_t index) {
    for (std::int64_t offset = 0; offset < size(); ++offset) {
        const auto place = (index + offset) % size();
        auto &entry = *entries_[static_cast<std::size_t>(place)];
        if (auto picture = load(entry)) return {std::move(picture), entry.store->label(entry.index), place};
    }
    throw Error(ErrorCode::corrupt, "none of the " + std::to_string(size()) + " pictures can be read",
                name(0), "check the files");
}

std::shared_ptr<const image::Image> ClassSet::load(Entry &entry) {
    const std::scoped_lock entry_lock(entry.mutex);
    if (entry.broken || entry.picture) return entry.picture;
    try {
        auto picture = std::make_shared<const image::Image>(
            reduce_short_side(entry.store->decode(entry.index, options_.side), options_.side));
        const std::scoped_lock lock(mutex_);
        if (cached_bytes_ + picture->bytes().size() <= options_.cache_bytes) {
            cached_bytes_ += picture->bytes().size();
            entry.picture = picture;
        }
        return picture;
    } catch (const Error &error) {
        entry.broken = true;
        const std::scoped_lock lock(mutex_);
        skipped_.push_back(entry.store->name(entry.index) + ": " + error.what());
        return nullptr;
    }
}

std::vector<std::string> ClassSet::skipped() const {
    const std::scoped_lock lock(mutex_);
    return skipped_;
}

std::uint64_t ClassSet::fingerprint() const {
    std::uint64_t hash = static_cast<std::uint64_t>(options_.side);
    for (const auto &store : stores_) hash = mix(hash ^ store->fingerprint());
    for (const char c : options_.only) hash = mix(hash ^ static_cast<unsigned char>(c));
    return hash;
}

std::uint64_t ClassSet::pictures_fingerprint() const {
    std::uint64_t hash = fingerprint();
    for (const auto &entry : entries_) {
        const auto store =
            std::ranges::find_if(stores_, [&](const auto &each) { return each.get() == entry->store; });
        hash = mix(hash ^ static_cast<std::uint64_t>(store - stores_.begin()));
        hash = mix(hash ^ static_cast<std::uint64_t>(entry->index));
    }
    return hash;
}

} // namespace mirra::trainer
