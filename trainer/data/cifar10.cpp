// CIFAR-10 in its binary batches, or as JPEGs packed into a .tar.gz, which libarchive reads.
#include "core/random.hpp"
#include "data/picture_files.hpp"
#include "data/picture_store.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kSide = 32;
constexpr std::size_t kPlane = std::size_t{kSide} * kSide;
constexpr std::size_t kRecord = 1 + 3 * kPlane;

const std::vector<std::string> &class_names() {
    static const std::vector<std::string> names{"airplane", "automobile", "bird",  "cat",  "deer",
                                                "dog",      "frog",       "horse", "ship", "truck"};
    return names;
}

struct TarMember {
    std::string name;
    std::vector<std::byte> bytes;
};

/// Pictures are packed already: an archive holds hardly more than its own size.
constexpr std::uint64_t kMostBeside = std::uint64_t{64} << 20, kMostMultiple = 4;
constexpr std::uint64_t kMemberBytes = 256; ///< what a member takes beside its bytes, roughly

struct Close {
    void operator()(archive *reader) const { archive_read_free(reader); }
};

[[noreturn]] void fail(archive *reader, const fs::path &path) {
    const auto *text = archive_error_string(reader);
    throw Error(ErrorCode::corrupt,
                std::string("cannot read the archive: ") + (text != nullptr ? text : "damaged"),
                path.string(), "fetch the file again");
}

void take(std::uint64_t &budget, std::uint64_t bytes, const fs::path &path) {
    if (bytes > budget)
        throw Error(ErrorCode::limit,
                    "the archive holds more than " + std::to_string(kMostMultiple) + " times its own size",
                    path.string(), "no packed pictures do: unpack it into folders if it is sound");
    budget -= bytes;
}

std::vector<std::byte> read_member(archive *reader, const fs::path &path, std::uint64_t &budget) {
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

/// All regular files of an archive, in its order. @throws Error corrupt | limit
std::vector<TarMember> read_tar_gz(const fs::path &path) {
    const std::unique_ptr<archive, Close> reader(archive_read_new());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_format_tar(reader.get());
    constexpr std::size_t kBlock = 1 << 18;
    if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
        fail(reader.get(), path);
    std::vector<TarMember> members;
    auto budget = kMostBeside + kMostMultiple * fs::file_size(path);
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

/// Pictures that a function of their place decodes.
template<class Function> PictureStore store_of(std::uint64_t fingerprint, Function decode) {
    PictureStore store{
        .pictures = {}, .classes = class_names(), .fingerprint = fingerprint, .decode = {}, .original = {}};
    store.decode = [decode](const auto &picture, std::int64_t) { return decode(picture.place); };
    store.original = [decode](const auto &picture) { return decode(picture.place); };
    return store;
}

/// The bytes of a batch: records of one label byte and 3 x 1024 bytes of planes.
std::vector<std::byte> read_batch(const fs::path &file) {
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 30;
    auto content = read_file(file, kLargest);
    if (content.empty() || content.size() % kRecord != 0)
        throw Error(ErrorCode::corrupt, "not a CIFAR-10 batch: its size is no multiple of 3073 bytes",
                    file.string(), "use the binary version of the data set");
    for (std::size_t at = 0; at < content.size(); at += kRecord)
        if (std::to_integer<std::size_t>(content[at]) >= class_names().size())
            throw Error(ErrorCode::corrupt, "a label is beyond 9", file.string(), "fetch the file again");
    return content;
}

PictureStore binary_batches(const std::vector<fs::path> &files) {
    auto bytes = std::make_shared<std::vector<std::byte>>();
    for (const auto &file : files) {
        const auto content = read_batch(file);
        bytes->insert(bytes->end(), content.begin(), content.end());
    }
    std::uint64_t fingerprint = 0xcbf29ce484222325u; // FNV-1a
    for (const auto byte : *bytes)
        fingerprint = (fingerprint ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3u;
    auto store = store_of(fingerprint, [bytes](std::size_t place) {
        image::Image out(kSide, kSide, 3, image::SampleType::u8);
        const auto *planes = bytes->data() + place * kRecord + 1;
        auto pixels = out.bytes();
        for (std::size_t i = 0; i < kPlane; ++i)
            for (std::size_t c = 0; c < 3; ++c) pixels[3 * i + c] = planes[c * kPlane + i];
        return out;
    });
    for (std::size_t i = 0; i < bytes->size() / kRecord; ++i)
        store.pictures.push_back({.name = "CIFAR-10 picture " + std::to_string(i),
                                  .label = std::to_integer<std::int32_t>((*bytes)[i * kRecord]),
                                  .place = i});
    return store;
}

/// Members SPLIT/CLASS/NNNN.jpg of a packed folder.
PictureStore packed_jpegs(const fs::path &file) {
    const auto members = std::make_shared<std::vector<TarMember>>(read_tar_gz(file));
    std::erase_if(*members, [](const auto &member) { return fs::path(member.name).extension() != ".jpg"; });
    if (members->empty())
        throw Error(ErrorCode::corrupt, "the container holds no picture", file.string(), "fetch it again");
    std::ranges::sort(*members, {}, &TarMember::name);
    auto store = store_of(
        0, [members](std::size_t place) { return to_rgb8(decode_picture((*members)[place].bytes)); });
    for (std::size_t i = 0; i < members->size(); ++i) {
        const auto &[name, bytes] = (*members)[i];
        const auto found = std::ranges::find(class_names(), fs::path(name).parent_path().filename().string());
        if (found == class_names().end())
            throw Error(ErrorCode::corrupt, "member '" + name + "' is in no folder of a class", file.string(),
                        "members are named SPLIT/CLASS/NNNN.jpg");
        store.pictures.push_back({.name = file.string() + ":" + name,
                                  .label = static_cast<std::int32_t>(found - class_names().begin()),
                                  .place = i});
        store.fingerprint = mix(store.fingerprint ^ bytes.size());
    }
    return store;
}

std::vector<fs::path> batch_files(const fs::path &folder, Split split) {
    if (split == Split::test) return {folder / "test_batch.bin"};
    std::vector<fs::path> files;
    for (int i = 1; i <= 5; ++i) files.push_back(folder / ("data_batch_" + std::to_string(i) + ".bin"));
    return files;
}

} // namespace

PictureStore open_cifar10(const fs::path &folder, Split split) {
    const auto base =
        fs::is_directory(folder / "cifar-10-batches-bin") ? folder / "cifar-10-batches-bin" : folder;
    const auto batches = batch_files(base, split);
    if (std::ranges::all_of(batches, [](const auto &file) { return fs::exists(file); }))
        return binary_batches(batches);
    const auto packed =
        folder / (split == Split::test ? "cifar10-test-jpeg.tar.gz" : "cifar10-train-jpeg.tar.gz");
    if (fs::exists(packed)) return packed_jpegs(packed);
    throw Error(ErrorCode::not_found, "no CIFAR-10 here", folder.string(),
                "give the folder of data_batch_1.bin … test_batch.bin, or of cifar10-train-jpeg.tar.gz");
}

} // namespace mirra::trainer
