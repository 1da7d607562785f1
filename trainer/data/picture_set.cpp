// Caching, holding out, skipping.
#include "data/picture_set.hpp"

#include "core/random.hpp"
#include "data/evenly_spaced.hpp"
#include "data/picture_files.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {

PictureSet::PictureSet(const std::vector<std::string> &sources, Split split, const Options &options)
    : options_(options) {
    for (const auto &source : sources)
        if (auto store = options.labelled ? open_pictures(source, split)
                                          : open_unlabelled(source, split, options.option))
            add(std::move(*store), source);
    const std::string folder =
        options.labelled ? "give a folder with one folder of pictures a class" : "give a folder of pictures";
    if (entries_.empty())
        throw Error(ErrorCode::not_found,
                    split == Split::train ? "no picture to train on" : "the data has no split for validation",
                    sources.empty() ? "--data" : sources.front(),
                    split == Split::train ? folder : folder + " with --validation");
}

PictureSet::PictureSet(std::vector<PictureStore> stores, const Options &options) : options_(options) {
    for (auto &store : stores) {
        const auto first = store.pictures.empty() ? std::string() : store.pictures.front().name;
        add(std::move(store), first);
    }
}

PictureSet::PictureSet(PictureStore store, const Options &options) : options_(options) {
    add(std::move(store), {});
}

void PictureSet::add(PictureStore store, const std::string &source) {
    if (!stores_.empty() && store.classes != classes())
        throw Error(ErrorCode::mismatch, "the data folders have different classes", source,
                    "give folders whose class folders have the same names");
    const bool all = options_.only.empty();
    const auto wanted = all ? 0 : label_of(store.classes, options_.only, "--class");
    for (std::size_t i = 0; i < store.pictures.size(); ++i) {
        if (!all && store.pictures[i].label != wanted) continue;
        entries_.push_back(std::make_unique<Entry>());
        entries_.back()->store = stores_.size();
        entries_.back()->index = i;
        ++given_;
    }
    stores_.push_back(std::make_shared<const PictureStore>(std::move(store)));
}

std::vector<std::unique_ptr<PictureSet::Entry>> PictureSet::split(std::int64_t count) {
    std::vector<std::unique_ptr<Entry>> taken, others;
    for (std::int64_t i = 0; i < size(); ++i) {
        const bool takes = std::ssize(taken) < count && i == evenly_spaced(std::ssize(taken), count, size());
        (takes ? taken : others).push_back(std::move(entries_[static_cast<std::size_t>(i)]));
    }
    entries_ = std::move(taken);
    return others;
}

std::unique_ptr<PictureSet> PictureSet::hold_out(std::int64_t count) {
    if (count < 1 || size() < 2 * count)
        throw Error(ErrorCode::invalid_argument,
                    "too few pictures: " + std::to_string(size()) + "; " + std::to_string(count) +
                        " are held out for validation, and as many at least are trained on",
                    "validation.pictures", "add pictures, or lower it in the recipe");
    std::unique_ptr<PictureSet> held(new PictureSet(options_));
    held->stores_ = stores_;
    held->given_ = given_;
    auto kept = split(count);
    held->entries_ = std::exchange(entries_, std::move(kept));
    return held;
}

void PictureSet::keep(std::int64_t count) {
    if (count > 0 && count < size()) split(count);
}

void PictureSet::leave_readable(const std::function<void(std::int64_t)> &progress) {
    for (std::int64_t i = 0; i < size(); ++i) {
        read(i);
        progress(i + 1);
    }
    std::erase_if(entries_, [](const auto &entry) { return entry->broken; });
}

image::Image PictureSet::original(std::int64_t index) const {
    const auto &entry = *entries_.at(static_cast<std::size_t>(index));
    return stores_[entry.store]->original(picture(entry));
}

LabelledPicture PictureSet::get(std::int64_t index) {
    for (std::int64_t offset = 0; offset < size(); ++offset) {
        const auto place = (index + offset) % size();
        if (auto found = read(place)) return {std::move(found), label(place), place};
    }
    throw Error(ErrorCode::corrupt, "none of the " + std::to_string(size()) + " pictures can be read",
                name(0), "check the files");
}

std::shared_ptr<const image::Image> PictureSet::read(std::int64_t index) {
    auto &entry = *entries_.at(static_cast<std::size_t>(index));
    const std::scoped_lock entry_lock(entry.mutex);
    if (entry.broken || entry.picture) return entry.picture;
    try {
        auto found = std::make_shared<const image::Image>(
            reduce_short_side(stores_[entry.store]->decode(picture(entry), options_.side), options_.side));
        const std::scoped_lock lock(mutex_);
        if (cached_bytes_ + found->bytes().size() <= options_.cache_bytes) {
            cached_bytes_ += found->bytes().size();
            entry.picture = found;
        }
        return found;
    } catch (const Error &error) {
        entry.broken = true;
        const std::scoped_lock lock(mutex_);
        skipped_.push_back(picture(entry).name + ": " + error.what());
        return nullptr;
    }
}

std::vector<std::string> PictureSet::skipped() const {
    const std::scoped_lock lock(mutex_);
    return skipped_;
}

std::uint64_t PictureSet::source_fingerprint() const {
    return stores_.front()->fingerprint;
}

std::uint64_t PictureSet::fingerprint() const {
    auto hash = static_cast<std::uint64_t>(options_.side);
    for (const auto &store : stores_) hash = mix(hash ^ store->fingerprint);
    for (const char c : options_.only) hash = mix(hash ^ static_cast<unsigned char>(c));
    return hash;
}

std::uint64_t PictureSet::pictures_fingerprint() const {
    std::uint64_t hash = fingerprint();
    for (const auto &entry : entries_) hash = mix(mix(hash ^ entry->store) ^ entry->index);
    return hash;
}

} // namespace mirra::trainer
