// torch.save before 1.6: pickles of a magic number, a version, the system and the object, then the list of
// storages and their bytes, each behind its number of elements.
#include "formats.hpp"
#include "torch_values.hpp"

#include "mirra/error.hpp"

#include <cstring>

namespace mirra::trainer::importer {
namespace {

// 0x1950a86a20f9469cfc6c, little-endian.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kProtocol = 1001;

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
        if (number == nullptr || number->bytes != kMagic)
            throw Error(ErrorCode::unsupported, "the file is a plain pickle, not one of torch.save", name_,
                        "load it in Python and save its state dict with torch.save or as safetensors");
        const Pickle version = next_pickle();
        const auto *protocol = version.get<std::int64_t>(version.root);
        if (protocol == nullptr || *protocol != kProtocol)
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

} // namespace

StateDict read_torch_legacy(const FileReader &file) {
    return LegacyReader(file).read();
}

} // namespace mirra::trainer::importer
