// Files of tensors, told apart by their first bytes: safetensors, and the two containers of torch.save.
// Since 1.6 it is a zip of stored entries, NAME/data.pkl and NAME/data/KEY; libzip reads the directory and
// checks every entry's CRC-32. Before, it was pickles of a magic number, a version, the system and the
// object, then the list of storages and their bytes, each behind its number of elements.
#include "mirra/error.hpp"
#include "mirra/file_reader.hpp"
#include "torch_values.hpp"

#include <zip.h>

#include <cstring>

namespace mirra::trainer::importer {
namespace {

constexpr std::string_view kZipMagic{"PK\x03\x04", 4};
constexpr char kPickleProtocol = '\x80';
constexpr std::size_t kSafetensorsLength = 8;
constexpr std::uint64_t kMaxPickleBytes = 256u << 20;

class ZipArchive {
  public:
    explicit ZipArchive(const FileReader &file)
        : name_(file.path().string())
        , file_bytes_(file.size())
        , zip_(nullptr, &zip_discard) {
        zip_error_t error;
        zip_error_init(&error);
        int code = 0;
        zip_.reset(zip_open(name_.c_str(), ZIP_RDONLY, &code));
        if (zip_) return;
        zip_error_init_with_code(&error, code);
        const std::string reason = zip_error_strerror(&error);
        zip_error_fini(&error);
        damaged("the zip directory cannot be read (" + reason + ")");
    }

    /// "NAME/" of the one entry NAME/data.pkl.
    std::string root() const {
        std::string found;
        const zip_int64_t entries = zip_get_num_entries(zip_.get(), 0);
        for (zip_int64_t i = 0; i < entries; ++i) {
            const char *entry = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
            const std::string text = entry == nullptr ? "" : entry;
            const auto slash = text.rfind('/');
            const std::size_t from = slash == std::string::npos ? 0 : slash + 1;
            if (text.substr(from) == "data.pkl") return text.substr(0, from);
        }
        throw Error(ErrorCode::unsupported,
                    "the file is a zip archive, but not one of torch.save: it has no data.pkl", name_,
                    "give a .pth or .pt checkpoint, or a safetensors file");
    }

    [[nodiscard]] bool contains(const std::string &entry) const { return locate(entry) >= 0; }

    [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
    [[nodiscard]] const std::string &name() const noexcept { return name_; }

    Buffer read(const std::string &entry, std::uint64_t max_bytes) const {
        const zip_int64_t index = locate(entry);
        if (index < 0) damaged("entry '" + entry + "' is missing");
        const std::uint64_t size = checked_size(static_cast<zip_uint64_t>(index), entry, max_bytes);
        std::unique_ptr<zip_file_t, decltype(&zip_fclose)> stream(
            zip_fopen_index(zip_.get(), static_cast<zip_uint64_t>(index), 0), &zip_fclose);
        if (!stream) damaged("entry '" + entry + "' cannot be opened (" + zip_strerror(zip_.get()) + ")");
        Buffer bytes(size);
        std::uint64_t done = 0;
        while (done < size) {
            const zip_int64_t got = zip_fread(stream.get(), bytes.bytes().data() + done, size - done);
            if (got <= 0) damaged("entry '" + entry + "' is damaged or incomplete");
            done += static_cast<std::uint64_t>(got);
        }
        // The CRC is compared when the end is met.
        std::byte more{};
        if (zip_fread(stream.get(), &more, 1) != 0)
            damaged("entry '" + entry + "' does not match its CRC-32");
        return bytes;
    }

    [[noreturn]] void damaged(const std::string &what) const {
        throw Error(ErrorCode::corrupt, what, name_,
                    "the file is damaged or incomplete: copy or download it again");
    }

  private:
    zip_int64_t locate(const std::string &entry) const {
        return zip_name_locate(zip_.get(), entry.c_str(), ZIP_FL_ENC_RAW);
    }

    /// torch.save never compresses, so an entry cannot be larger than its file.
    std::uint64_t checked_size(zip_uint64_t index, const std::string &entry, std::uint64_t max_bytes) const {
        constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;
        zip_stat_t status;
        zip_stat_init(&status);
        if (zip_stat_index(zip_.get(), index, 0, &status) != 0 || (status.valid & kNeeded) != kNeeded)
            damaged("entry '" + entry + "' has no size");
        if (status.comp_method != ZIP_CM_STORE)
            throw Error(ErrorCode::unsupported,
                        "entry '" + entry + "' is compressed, which torch.save never does", name_,
                        "load the file in PyTorch and save it again");
        if (status.size > file_bytes_) damaged("entry '" + entry + "' is larger than its file");
        if (status.size > max_bytes)
            throw Error(ErrorCode::limit,
                        "entry '" + entry + "' has " + std::to_string(status.size) + " bytes", name_,
                        "no checkpoint needs that many: the file is damaged or hostile");
        return status.size;
    }

    std::string name_;
    std::uint64_t file_bytes_ = 0;
    std::unique_ptr<zip_t, decltype(&zip_discard)> zip_;
};

void check_byte_order(const ZipArchive &archive, const std::string &root, const std::string &name) {
    constexpr std::uint64_t kMaxBytes = 64;
    if (!archive.contains(root + "byteorder")) return;
    const Buffer bytes = archive.read(root + "byteorder", kMaxBytes);
    const std::string_view order(reinterpret_cast<const char *>(bytes.bytes().data()), bytes.bytes().size());
    if (order != "little")
        throw Error(ErrorCode::unsupported, "the file was written by a big-endian machine", name,
                    "load it in PyTorch and save it as safetensors");
}

/// Storages of an archive. The last one is kept: tensors that share one often follow each other.
class ZipStorages final : public StorageReader {
  public:
    ZipStorages(std::shared_ptr<const ZipArchive> archive, std::string root)
        : archive_(std::move(archive))
        , root_(std::move(root))
        , allowance_(Allowance::for_reading(archive_->file_bytes(), archive_->name())) {}

    StorageBytes read(const StorageId &storage) override {
        if (last_ == nullptr || last_key_ != storage.key) {
            last_.reset();
            last_ = std::make_shared<Buffer>(
                archive_->read(root_ + "data/" + storage.key, archive_->file_bytes()));
            last_key_ = storage.key;
            allowance_.take(last_->bytes().size());
        }
        return {last_, std::as_const(*last_).bytes()};
    }

  private:
    std::shared_ptr<const ZipArchive> archive_;
    std::string root_;
    Allowance allowance_;
    std::string last_key_;
    std::shared_ptr<Buffer> last_;
};

constexpr std::string_view kLegacyMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kLegacyProtocol = 1001;

using Storages = std::map<std::string, std::span<const std::byte>>;

/// Storages of a file that is in memory.
class LegacyStorages final : public StorageReader {
  public:
    LegacyStorages(std::shared_ptr<const Buffer> file, Storages storages, std::string name)
        : file_(std::move(file))
        , storages_(std::move(storages))
        , name_(std::move(name)) {}

    StorageBytes read(const StorageId &storage) override {
        const auto found = storages_.find(storage.key);
        if (found == storages_.end())
            throw Error(ErrorCode::corrupt, "a tensor refers to a storage that is not in the file", name_,
                        "copy or download the file again");
        return {file_, found->second};
    }

  private:
    std::shared_ptr<const Buffer> file_;
    Storages storages_;
    std::string name_;
};

class LegacyReader {
  public:
    explicit LegacyReader(const FileReader &file)
        : file_(std::make_shared<const Buffer>(file.read_rest(0)))
        , name_(file.path().string())
        , rest_(file_->bytes())
        , allowance_(Allowance::for_pickle(file.size(), name_)) {}

    StateDict read() {
        check_preamble();
        const Pickle object = next_pickle();
        auto storages = find_storages(object, next_pickle());
        const auto reader = std::make_shared<LegacyStorages>(file_, std::move(storages), name_);
        return collect_state_dict(object, reader, name_, file_->bytes().size(), allowance_);
    }

  private:
    Pickle next_pickle() {
        Pickle pickle = parse_pickle(rest_, name_, allowance_);
        rest_ = rest_.subspan(pickle.size);
        return pickle;
    }

    void check_preamble() {
        const Pickle magic = next_pickle();
        const auto *number = magic.get<PickleBigInteger>(magic.root);
        if (number == nullptr || number->bytes != kLegacyMagic)
            throw Error(ErrorCode::unsupported, "the file is a plain pickle, not one of torch.save", name_,
                        "load it in Python and save its state dict with torch.save or as safetensors");
        const Pickle version = next_pickle();
        const auto *protocol = version.get<std::int64_t>(version.root);
        if (protocol == nullptr || *protocol != kLegacyProtocol)
            throw Error(ErrorCode::unsupported, "the file has an unknown version of torch.save's old format",
                        name_, "load it in PyTorch and save it again");
        check_system(next_pickle());
    }

    void check_system(const Pickle &system) const {
        const auto *dict = system.get<PickleDict>(system.root);
        if (dict == nullptr) damaged("the description of the system is missing");
        for (const auto &[key, value] : dict->items) {
            const auto *name = system.get<PickleText>(key);
            const auto *flag = system.get<bool>(value);
            if (name != nullptr && *name == "little_endian" && flag != nullptr && !*flag)
                throw Error(ErrorCode::unsupported, "the file was written by a big-endian machine", name_,
                            "load it in PyTorch and save it as safetensors");
        }
    }

    /// Width of every storage's elements by key, from the references to it.
    std::map<std::string, std::size_t> widths(const Pickle &object) const {
        std::map<std::string, std::size_t> out;
        for (const PickleValue &value : object.values) {
            const auto *persistent = std::get_if<PicklePersistent>(&value);
            if (persistent == nullptr || !is_storage_id(object, persistent->id)) continue;
            const StorageId storage = parse_storage_id(object, persistent->id, name_);
            out[storage.key] = storage.type.width;
        }
        return out;
    }

    Storages find_storages(const Pickle &object, const Pickle &keys) {
        const auto width = widths(object);
        const auto *list = keys.get<PickleList>(keys.root);
        if (list == nullptr) damaged("the list of storages is missing");
        Storages storages;
        for (const Ref item : list->items) {
            const auto *key = keys.get<PickleText>(item);
            const auto known = key == nullptr ? width.end() : width.find(std::string(*key));
            if (known == width.end()) damaged("the list of storages names one that nothing refers to");
            storages[known->first] = next_storage(known->second);
        }
        return storages;
    }

    std::span<const std::byte> next_storage(std::size_t width) {
        std::uint64_t elements = 0;
        if (rest_.size() < sizeof elements) damaged("the file ends before a storage");
        std::memcpy(&elements, rest_.data(), sizeof elements);
        rest_ = rest_.subspan(sizeof elements);
        if (elements > rest_.size() / width) damaged("the file ends within a storage");
        const auto bytes = rest_.first(elements * width);
        rest_ = rest_.subspan(bytes.size());
        return bytes;
    }

    [[noreturn]] void damaged(const std::string &what) const {
        throw Error(ErrorCode::corrupt, what, name_,
                    "the file is damaged or incomplete: copy or download it again");
    }

    std::shared_ptr<const Buffer> file_;
    std::string name_;
    std::span<const std::byte> rest_;
    Allowance allowance_;
};

StateDict read_torch_zip(const FileReader &file) {
    const auto archive = std::make_shared<const ZipArchive>(file);
    const std::string root = archive->root();
    check_byte_order(*archive, root, archive->name());
    const Buffer pickled = archive->read(root + "data.pkl", kMaxPickleBytes);
    auto allowance = Allowance::for_pickle(pickled.bytes().size(), archive->name());
    const Pickle pickle = parse_pickle(pickled.bytes(), archive->name(), allowance);
    const auto storages = std::make_shared<ZipStorages>(archive, root);
    return collect_state_dict(pickle, storages, archive->name(), archive->file_bytes(), allowance);
}

StateDict read_torch_legacy(const FileReader &file) {
    return LegacyReader(file).read();
}

StateDict read_safetensors(const std::filesystem::path &path) {
    const auto file = bundle::TensorFile::open(path);
    StateDict state;
    for (const auto &[name, view] : file->tensors()) {
        SourceTensor tensor{path.string(), view.dtype, view.shape, {}, {}};
        tensor.read = [file, view = view] { return bundle::to_float(view); };
        state.emplace(name, std::move(tensor));
    }
    return state;
}

} // namespace

StateDict read_state_dict(const std::filesystem::path &path) {
    const FileReader file(path);
    std::array<char, 16> first{};
    const std::string_view text(first.data(), std::min<std::uint64_t>(file.size(), first.size()));
    file.read(0, std::as_writable_bytes(std::span(first).first(text.size())));
    if (text.starts_with(kZipMagic)) return read_torch_zip(file);
    if (text.size() > kSafetensorsLength && text[kSafetensorsLength] == '{') return read_safetensors(path);
    if (!text.empty() && text.front() == kPickleProtocol) return read_torch_legacy(file);
    throw Error(ErrorCode::unsupported,
                text.empty() ? "the file is empty"
                             : "the file is neither a torch.save checkpoint nor safetensors",
                path.string(),
                "give a .pth, .pt or .safetensors file (a web page saved by mistake is none of these)");
}

} // namespace mirra::trainer::importer
