// Bundles that an engine has read, so that its next session need not read them again.
#pragma once

#include "mirra/bundle.hpp"

#include <list>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace mirra::host {

/// Sessions of one bundle share it. The latest few stay without a session, within bounds of number and bytes.
/// What a session holds stays as it is, whatever becomes of the file. Thread-safe.
class BundleCache {
  public:
    static constexpr std::uint64_t kMostKeptBytes = std::uint64_t{128} << 20;
    explicit BundleCache(std::uint64_t most_kept_bytes = kMostKeptBytes)
        : most_kept_bytes_(most_kept_bytes) {}
    /// The bundle of a file as it is now: a file that was replaced or changed is read anew.
    /// @throws Error as Bundle::open()
    std::shared_ptr<const bundle::Bundle> open(const std::string &path);
    /// Gives back what no session uses.
    void release_unused();
    /// How often a file was read.
    [[nodiscard]] std::uint64_t reads() const;
    /// What the bundles take that stay without a session.
    [[nodiscard]] std::uint64_t kept_bytes() const;

  private:
    using BundlePtr = std::shared_ptr<const bundle::Bundle>;
    struct Entry {
        std::string path;
        struct stat file;
        std::weak_ptr<const bundle::Bundle> bundle;
        BundlePtr kept; ///< null where sessions alone hold it
    };

    BundlePtr find(const std::string &path, const struct stat &file);
    BundlePtr add(const std::string &path, const struct stat &file, const BundlePtr &read);
    /// Those that are kept beyond the bounds, no longer kept.
    std::vector<BundlePtr> beyond_bounds();

    const std::uint64_t most_kept_bytes_;
    std::list<Entry> entries_; ///< the latest first
    std::uint64_t reads_ = 0;
};

/// The file, and the values converted from it.
[[nodiscard]] std::uint64_t bundle_bytes(const bundle::Bundle &bundle);

} // namespace mirra::host
