// libarchive as a reader of packed folders.
#include "data/tar_gz.hpp"

#include "mirra/error.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstdint>
#include <memory>
#include <string_view>

namespace mirra::trainer {
namespace {

/// Pictures are packed already: an archive holds hardly more than its own size.
constexpr std::uint64_t kMostBeside = std::uint64_t{64} << 20, kMostMultiple = 4;
constexpr std::uint64_t kMemberBytes = 256; ///< what a member takes beside its bytes, roughly

struct Close {
    void operator()(archive *reader) const { archive_read_free(reader); }
};

[[noreturn]] void fail(archive *reader, const std::filesystem::path &path) {
    const auto *text = archive_error_string(reader);
    throw Error(ErrorCode::corrupt,
                std::string("cannot read the archive: ") + (text != nullptr ? text : "damaged"),
                path.string(), "fetch the file again");
}

void take(std::uint64_t &budget, std::uint64_t bytes, const std::filesystem::path &path) {
    if (bytes > budget)
        throw Error(ErrorCode::limit,
                    "the archive holds more than " + std::to_string(kMostMultiple) + " times its own size",
                    path.string(), "no packed pictures do: unpack it into folders if it is sound");
    budget -= bytes;
}

std::vector<std::byte> read_member(archive *reader, const std::filesystem::path &path,
                                   std::uint64_t &budget) {
    std::vector<std::byte> bytes;
    constexpr std::size_t kChunk = 1 << 16;
    for (;;) {
        const auto have = bytes.size();
        bytes.resize(have + kChunk);
        const auto read = archive_read_data(reader, bytes.data() + have, kChunk);
        if (read < 0) fail(reader, path);
        bytes.resize(have + static_cast<std::size_t>(read));
        if (read == 0) {
            bytes.shrink_to_fit(); // members are small and many
            return bytes;
        }
        take(budget, static_cast<std::uint64_t>(read), path);
    }
}

} // namespace

std::vector<TarMember> read_tar_gz(const std::filesystem::path &path) {
    const std::unique_ptr<archive, Close> reader(archive_read_new());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_tar(reader.get());
    constexpr std::size_t kBlock = 1 << 18;
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
        fail(reader.get(), path);
    std::vector<TarMember> members;
    auto budget = kMostBeside + kMostMultiple * std::filesystem::file_size(path);
    archive_entry *entry = nullptr;
    for (;;) {
        const auto status = archive_read_next_header(reader.get(), &entry);
        if (status == ARCHIVE_EOF) return members;
        if (status != ARCHIVE_OK) fail(reader.get(), path);
        if (archive_entry_filetype(entry) != AE_IFREG) continue;
        const char *name = archive_entry_pathname(entry);
        if (name == nullptr) fail(reader.get(), path); // not in this locale's encoding
        take(budget, kMemberBytes + std::string_view(name).size(), path);
        members.push_back({name, read_member(reader.get(), path, budget)});
    }
}

} // namespace mirra::trainer
