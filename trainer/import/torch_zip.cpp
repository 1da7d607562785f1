// torch.save since 1.6: a zip of stored entries, NAME/data.pkl and NAME/data/KEY. libzip reads the directory
// and checks every entry's CRC-32.
#include "formats.hpp"
#include "torch_values.hpp"

#include "mirra/error.hpp"

#include <zip.h>

namespace mirra::trainer::importer {
namespace {

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

} // namespace

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

} // namespace mirra::trainer::importer
