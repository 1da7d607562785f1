// What was uploaded and what runs gave.
#include "store.hpp"

#include "guard.hpp"

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace web {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostItems = 256;

fs::path make_folder() {
    std::string pattern = (fs::temp_directory_path() / "mirra-web-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "cannot make the folder " + pattern);
    return pattern;
}

} // namespace

std::uint64_t bytes_of(const mirra_image &image) {
    const std::uint64_t sample = image.format == MIRRA_FORMAT_U8    ? 1
                                 : image.format == MIRRA_FORMAT_F32 ? 4
                                                                    : 2;
    return static_cast<std::uint64_t>(image.width) * static_cast<std::uint64_t>(image.height) *
           static_cast<std::uint64_t>(image.color) * sample;
}

Ledger::Share::Share(Share &&other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr))
    , bytes_(std::exchange(other.bytes_, 0)) {}

Ledger::Share &Ledger::Share::operator=(Share &&other) noexcept {
    std::swap(ledger_, other.ledger_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

Ledger::Share::~Share() {
    if (ledger_ == nullptr) return;
    const std::lock_guard hold(ledger_->lock_);
    ledger_->held_ -= bytes_;
}

bool Ledger::take(std::uint64_t bytes, Share &share) {
    Share taken;
    {
        const std::lock_guard hold(lock_);
        if (bytes > limit_ || held_ > limit_ - bytes) return false;
        held_ += bytes;
    }
    taken.ledger_ = this;
    taken.bytes_ = bytes;
    share = std::move(taken);
    return true;
}

TemporaryFile::TemporaryFile(fs::path path, const std::string &bytes) : path_(std::move(path)) {
    api::write_file(path_.string(), bytes.data(), bytes.size());
}

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
}

Store::Store(std::uint64_t bytes, std::uint64_t max_pixels, std::chrono::minutes keep)
    : ledger_(bytes)
    , max_pixels_(max_pixels)
    , keep_(keep)
    , folder_(make_folder()) {}

Store::~Store() {
    items_.clear();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

Ledger::Share Store::room(std::uint64_t bytes) {
    Ledger::Share share;
    while (!ledger_.take(bytes, share))
        if (!drop_oldest())
            throw api::Error(
                MIRRA_E_LIMIT, "the server has no room for " + std::to_string(bytes >> 20) + " MB more", "",
                "Wait until running jobs are done, or start mirra-web with a larger --store-megabytes.");
    return share;
}

bool Store::drop_oldest() {
    ItemPointer dropped; // its memory is given back after the lock
    const std::lock_guard hold(lock_);
    auto oldest = items_.end();
    for (auto each = items_.begin(); each != items_.end(); ++each)
        if (each->second.item.use_count() == 1 &&
            (oldest == items_.end() || each->second.used < oldest->second.used))
            oldest = each;
    if (oldest == items_.end()) return false;
    dropped = std::move(oldest->second.item);
    items_.erase(oldest);
    return true;
}

void Store::read(Item &item, const Upload &upload) {
    const std::lock_guard one(decoding_);
    switch (item.kind) {
    case Kind::picture:
        item.picture = api::Picture::read_memory(upload.bytes.data(), upload.bytes.size(), max_pixels_);
        item.share = room(bytes_of(item.picture.view().get()) + upload.bytes.size());
        break;
    case Kind::tensors:
        item.share = room(4 * upload.bytes.size()); // as fp32, perhaps of bytes
        item.tensors = api::Tensors::read_memory(upload.bytes.data(), upload.bytes.size());
        break;
    case Kind::bundle:
        item.share = room(upload.bytes.size());
        item.bundle =
            api::Bundle::open_memory(upload.bytes.data(), upload.bytes.size(), "the uploaded bundle");
        break;
    case Kind::file:
        item.share = room(upload.bytes.size());
        item.file = TemporaryFile(folder_ / (random_name() + "." + upload.ending), upload.bytes);
        break;
    }
}

std::string Store::add(const Upload &upload) {
    auto item = std::make_shared<Item>();
    item->kind = upload.kind;
    read(*item, upload);
    return add(ItemPointer(std::move(item)));
}

std::string Store::add(ItemPointer item) {
    std::string name = random_name();
    for (;;) {
        {
            const std::lock_guard hold(lock_);
            if (items_.size() < kMostItems) {
                items_.emplace(name, Kept{std::move(item), Clock::now()});
                return name;
            }
        }
        if (!drop_oldest()) throw api::Error(MIRRA_E_LIMIT, "the server holds too many files");
    }
}

ItemPointer Store::get(const std::string &name) {
    const std::lock_guard hold(lock_);
    const auto found = items_.find(name);
    if (found == items_.end())
        throw api::Error(MIRRA_E_NOT_FOUND, "the file is no longer there", "",
                         "Drop it into the page again.");
    found->second.used = Clock::now();
    return found->second.item;
}

void Store::remove(const std::string &name) {
    ItemPointer dropped;
    const std::lock_guard hold(lock_);
    if (const auto found = items_.find(name); found != items_.end()) {
        dropped = std::move(found->second.item);
        items_.erase(found);
    }
}

void Store::expire() {
    const Clock::time_point before = Clock::now() - keep_;
    std::vector<ItemPointer> dropped;
    const std::lock_guard hold(lock_);
    std::erase_if(items_, [&](auto &each) {
        if (each.second.used >= before) return false;
        dropped.push_back(std::move(each.second.item));
        return true;
    });
}

} // namespace web
