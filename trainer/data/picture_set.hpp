// Pictures for training and evaluation: several stores as one set, decoded once, broken files skipped and
// named.
#pragma once

#include "data/picture_store.hpp"
#include "distributed/environment.hpp"

#include <memory>
#include <mutex>

namespace mirra::trainer {

struct LabelledPicture {
    std::shared_ptr<const image::Image> picture; ///< RGB, 8 bits
    std::int32_t label = 0;
    std::int64_t index = 0; ///< another than asked for when that one cannot be read
};

/// Thread-safe.
class PictureSet {
  public:
    struct Options {
        std::int64_t side = 0; ///< pictures with a longer short side are reduced to it; 0: as they are
        std::uint64_t cache_bytes =
            0;                 ///< decoded pictures kept in memory; beyond it they are decoded each time
        bool labelled = true;  ///< otherwise folders are searched to any depth and all labels are 0
        std::string only = {}; ///< the one class that is taken, of labelled pictures; "": all
        std::string option = "--data"; ///< that names unlabelled sources, for messages
    };
    /// @param sources  see open_pictures()
    /// @throws Error not_found (no picture in any, a missing split) | mismatch (other classes in the second)
    /// | invalid_argument (no such class) | corrupt
    PictureSet(const std::vector<std::string> &sources, Split split, const Options &options);
    /// Pictures of stores that are open already. @throws Error mismatch (other classes in the second)
    PictureSet(std::vector<PictureStore> stores, const Options &options);
    PictureSet(PictureStore store, const Options &options);

    /// Moves `count` pictures, evenly spaced over the set, into a set of their own, for validation.
    /// @throws Error invalid_argument when fewer than two times as many pictures are there
    std::unique_ptr<PictureSet> hold_out(std::int64_t count);

    /// Reads every picture and leaves those that can be read, which may be none; skipped() tells of the
    /// others.
    /// @param progress  called with how many are done
    void leave_readable(const std::function<void(std::int64_t)> &progress);
    /// Leaves so many pictures, evenly spaced over the set, where there are more.
    void keep(std::int64_t count);

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
    [[nodiscard]] const std::vector<std::string> &classes() const { return stores_.front()->classes; }
    [[nodiscard]] const std::string &name(std::int64_t index) const { return picture(index).name; }
    [[nodiscard]] std::int32_t label(std::int64_t index) const { return picture(index).label; }
    /// The picture at `index`; null when it cannot be read, which skipped() then tells of.
    std::shared_ptr<const image::Image> read(std::int64_t index);
    /// The picture at `index`, or the next one that can be read, with its label. @throws Error corrupt when
    /// none can
    LabelledPicture get(std::int64_t index);
    /// The picture at `index` as it lies in its file. @throws Error corrupt | io | not_found
    [[nodiscard]] image::Image original(std::int64_t index) const;
    /// "name: reason" of every picture that was skipped so far.
    [[nodiscard]] std::vector<std::string> skipped() const;
    /// Of the first source alone, as denoisers' checkpoints have it.
    [[nodiscard]] std::uint64_t source_fingerprint() const;
    /// Of the sources as a whole, whatever was held out of them.
    [[nodiscard]] std::uint64_t fingerprint() const;
    /// Of these and of which of their pictures are left.
    [[nodiscard]] std::uint64_t pictures_fingerprint() const;
    /// Whether some of the sources' pictures were taken out of it.
    [[nodiscard]] bool is_part() const { return entries_.size() < given_; }

  private:
    struct Entry {
        std::size_t store = 0, index = 0;
        std::mutex mutex;
        std::shared_ptr<const image::Image> picture;
        bool broken = false;
    };
    explicit PictureSet(const Options &options) : options_(options) {}
    void add(PictureStore store, const std::string &source);
    /// Leaves the pictures at `count` places, evenly spaced; returns the others, in their order.
    std::vector<std::unique_ptr<Entry>> split(std::int64_t count);
    [[nodiscard]] const PictureStore::Picture &picture(std::int64_t index) const {
        return picture(*entries_.at(static_cast<std::size_t>(index)));
    }
    [[nodiscard]] const PictureStore::Picture &picture(const Entry &entry) const {
        return stores_[entry.store]->pictures[entry.index];
    }

    Options options_;
    std::vector<std::shared_ptr<const PictureStore>> stores_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::size_t given_ = 0; ///< entries that the sources had
    mutable std::mutex mutex_;
    std::uint64_t cached_bytes_ = 0;
    std::vector<std::string> skipped_;
};

/// Memory for decoded pictures: what one process may keep.
struct CacheBudget {
    std::uint64_t training = 0, validation = 0; ///< bytes
};

/// An even part of 8 GB a computer: three quarters for the training's pictures, the rest for validation.
constexpr CacheBudget cache_budget(const ProcessEnvironment &environment) {
    constexpr std::uint64_t kComputer = std::uint64_t{8} << 30;
    const auto mine = kComputer / static_cast<std::uint64_t>(environment.local_world);
    return {.training = mine / 4 * 3, .validation = mine / 4};
}

} // namespace mirra::trainer
