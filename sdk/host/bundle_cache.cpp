// Bundles that an engine has read, so that its next session need not read them again.
#include "bundle_cache.hpp"

#include "immortal.hpp"
#include "mirra/forks.hpp"

#include <algorithm>
#include <chrono>

namespace mirra::host {
namespace {

constexpr std::size_t kMostKept = 4;

/// Held for the time of a look-up, never of a reading: one for all engines, since fork() takes care of it.
const Immortal<ProcessMutex> kMutex;

std::int64_t nanoseconds(const timespec &time) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return time.tv_sec * kSecond + time.tv_nsec;
}

bool same(const struct stat &a, const struct stat &b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
           nanoseconds(a.st_mtim) == nanoseconds(b.st_mtim) &&
           nanoseconds(a.st_ctim) == nanoseconds(b.st_ctim);
}

/// Whether a later change of the file would show in its times, whose clock ticks slowly.
bool is_settled(const struct stat &file) {
    constexpr std::chrono::milliseconds kTick{100};
    const auto now = std::chrono::system_clock::now().time_since_epoch() - kTick;
    const auto latest = std::max(nanoseconds(file.st_mtim), nanoseconds(file.st_ctim));
    return latest < std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

} // namespace

std::uint64_t bundle_bytes(const bundle::Bundle &bundle) {
    std::uint64_t bytes = 0;
    for (const auto &[name, tensor] : bundle.file().tensors()) {
        bytes += tensor.bytes.size();
        if (tensor.dtype != bundle::DType::f32)
            bytes += tensor.bytes.size() / bundle::size_of(tensor.dtype) * sizeof(float);
    }
    return bytes;
}

std::shared_ptr<const bundle::Bundle> BundleCache::open(const std::string &path) {
    struct stat before {};
    if (stat(path.c_str(), &before) != 0) return bundle::Bundle::open(path); // which says what is wrong
    if (BundlePtr found = find(path, before)) return found;
    const bool settled = is_settled(before);
    const BundlePtr read = bundle::Bundle::open(path);
    struct stat after {};
    const bool unchanged = stat(path.c_str(), &after) == 0 && same(before, after);
    if (settled && unchanged) return add(path, before, read);
    const std::lock_guard lock(*kMutex);
    ++reads_;
    return read;
}

BundleCache::BundlePtr BundleCache::find(const std::string &path, const struct stat &file) {
    std::vector<BundlePtr> released;
    const std::lock_guard lock(*kMutex);
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if (entry->path != path || !same(entry->file, file)) continue;
        BundlePtr alive = entry->bundle.lock();
        if (alive == nullptr) return nullptr;
        entry->kept = alive;
        entries_.splice(entries_.begin(), entries_, entry);
        released = beyond_bounds();
        return alive;
    }
    return nullptr;
}

std::vector<BundleCache::BundlePtr> BundleCache::beyond_bounds() {
    std::vector<BundlePtr> released;
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    for (Entry &entry : entries_) {
        if (entry.kept == nullptr) continue;
        bytes += bundle_bytes(*entry.kept);
        if (++count > kMostKept || bytes > most_kept_bytes_) released.push_back(std::move(entry.kept));
    }
    return released;
}

BundleCache::BundlePtr BundleCache::add(const std::string &path, const struct stat &file,
                                        const BundlePtr &read) {
    std::list<Entry> fresh{{path, file, read, read}}, dropped; // which end outside of the lock
    std::vector<BundlePtr> released;
    const std::lock_guard lock(*kMutex);
    ++reads_;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        const BundlePtr alive = entry->bundle.lock();
        if (alive != nullptr && entry->path == path && same(entry->file, file))
            return alive; // read meanwhile
        if (alive == nullptr || entry->path == path) dropped.splice(dropped.end(), entries_, entry);
        entry = next;
    }
    entries_.splice(entries_.begin(), fresh);
    released = beyond_bounds();
    return read;
}

void BundleCache::release_unused() {
    std::vector<BundlePtr> released;
    const std::lock_guard lock(*kMutex);
    for (Entry &entry : entries_)
        if (entry.kept != nullptr) released.push_back(std::move(entry.kept));
}

std::uint64_t BundleCache::reads() const {
    const std::lock_guard lock(*kMutex);
    return reads_;
}

std::uint64_t BundleCache::kept_bytes() const {
    const std::lock_guard lock(*kMutex);
    std::uint64_t bytes = 0;
    for (const Entry &entry : entries_)
        if (entry.kept != nullptr) bytes += bundle_bytes(*entry.kept);
    return bytes;
}

} // namespace mirra::host
