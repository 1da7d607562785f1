// A set of pictures found in folders: decoded once, kept in memory as 8-bit RGB, broken files skipped and
// named.
#pragma once

#include "mirra/image.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mirra::trainer {

/// Pictures below some folders, sorted by path. Thread-safe.
class ImageSet {
  public:
    /// @param folders     searched to any depth for .png, .jpg, .jpeg in any case
    /// @param cache_bytes decoded pictures kept in memory; beyond it they are decoded anew each time
    /// @throws Error not_found when a folder does not exist or no picture is in any
    ImageSet(const std::vector<std::filesystem::path> &folders, std::uint64_t cache_bytes);

    /// Moves `count` pictures, evenly spaced over the set, into a set of their own, for validation.
    /// @throws Error invalid_argument when fewer than two times as many pictures are there
    std::unique_ptr<ImageSet> hold_out(std::int64_t count);

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(entries_.size()); }
    [[nodiscard]] const std::filesystem::path &path(std::int64_t index) const;
    /// The picture at `index`; null when it cannot be read, which skipped() then tells of.
    std::shared_ptr<const image::Image> read(std::int64_t index);
    /// The picture at `index`, or the next one that can be read. @throws Error corrupt when none can
    std::shared_ptr<const image::Image> get(std::int64_t index);
    /// "path: reason" of every file that was skipped so far.
    [[nodiscard]] std::vector<std::string> skipped() const;
    /// Of the sorted file names and sizes: changes when the set does.
    [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

  private:
    struct Entry {
        std::filesystem::path path;
        std::mutex mutex;
        std::shared_ptr<const image::Image> picture;
        bool broken = false;
    };
    explicit ImageSet(std::uint64_t cache_bytes) : cache_bytes_(cache_bytes) {}
    std::shared_ptr<const image::Image> load(Entry &entry);

    std::vector<std::unique_ptr<Entry>> entries_;
    std::uint64_t cache_bytes_, fingerprint_ = 0;
    mutable std::mutex mutex_;
    std::uint64_t cached_bytes_ = 0;
    std::vector<std::string> skipped_;
};

} // namespace mirra::trainer
