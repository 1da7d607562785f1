// The safetensors reader: 8 bytes of header length, a JSON header, then the tensors' bytes without gaps.
#include "dtype.hpp"
#include "limits.hpp"
#include "strict_json.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <algorithm>
#include <cstring>

namespace mirra::bundle {
namespace {

using Json = nlohmann::json;

struct Range {
    std::uint64_t begin = 0, end = 0;
    const std::string *name = nullptr;
};

[[noreturn]] void corrupt(const std::string &file, const std::string &what) {
    throw Error(ErrorCode::corrupt, what, file,
                "copy or download the file again; it is damaged or incomplete");
}

[[noreturn]] void too_large(const std::string &file, const std::string &what) {
    throw Error(
        ErrorCode::limit, what, file,
        "no bundle or tensor file is like that: this is another kind of file, or damaged, or hostile");
}

/// Reads the header of one file into tensors and metadata.
class HeaderReader {
  public:
    HeaderReader(std::span<const std::byte> bytes, const std::string &file) : bytes_(bytes), file_(file) {}

    void read(std::map<std::string, TensorView> &tensors, std::map<std::string, std::string> &metadata) {
        const std::string_view text = header_text();
        const Json header = parse_strict(text, Limits::kHeaderDepth, file_);
        if (!header.is_object()) corrupt(file_, "the header is not a JSON object");
        if (header.size() > Limits::kTensors) too_large(file_, "the header names too many tensors");
        data_ = bytes_.subspan(sizeof(std::uint64_t) + text.size());
        for (const auto &[name, entry] : header.items()) {
            if (name == "__metadata__")
                read_metadata(entry, metadata);
            else
                tensors.emplace(name, read_tensor(name, entry));
        }
        check_coverage(tensors);
    }

  private:
    std::string_view header_text() const {
        std::uint64_t length = 0;
        if (bytes_.size() < sizeof length)
            corrupt(file_, "the file has " + std::to_string(bytes_.size()) + " bytes, too few for a header");
        std::memcpy(&length, bytes_.data(), sizeof length);
        if (length > Limits::kHeaderBytes)
            too_large(file_, "the header claims " + std::to_string(length) +
                                 " bytes, more than the limit of " + std::to_string(Limits::kHeaderBytes));
        if (length > bytes_.size() - sizeof length)
            corrupt(file_, "the file ends within its header: " + std::to_string(length) +
                               " bytes are announced, " + std::to_string(bytes_.size() - sizeof length) +
                               " are there");
        return {reinterpret_cast<const char *>(bytes_.data() + sizeof length),
                static_cast<std::size_t>(length)};
    }

    void read_metadata(const Json &entry, std::map<std::string, std::string> &metadata) const {
        if (!entry.is_object()) corrupt(file_, "__metadata__ is not a JSON object");
        for (const auto &[key, value] : entry.items()) {
            if (!value.is_string()) corrupt(file_, "__metadata__ holds something other than text");
            metadata.emplace(key, value.get<std::string>());
        }
    }

    void check_name(const std::string &name) const {
        const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
        if (name.empty() || name.size() > Limits::kNameLength || std::ranges::any_of(name, control))
            corrupt(file_, "a tensor's name is empty, too long or holds control characters: '" +
                               name.substr(0, 80) + "'");
    }

    TensorView read_tensor(const std::string &name, const Json &entry) const {
        check_name(name);
        if (!entry.is_object()) corrupt(file_, "tensor '" + name + "' is not described by a JSON object");
        TensorView view;
        view.dtype = read_dtype(name, member(name, entry, "dtype"));
        view.shape = read_shape(name, member(name, entry, "shape"));
        const Json &offsets = member(name, entry, "data_offsets");
        if (!offsets.is_array() || offsets.size() != 2 || !is_count(offsets[0]) || !is_count(offsets[1]))
            corrupt(file_, "tensor '" + name + "': data_offsets must be two sizes");
        const auto begin = offsets[0].get<std::uint64_t>(), end = offsets[1].get<std::uint64_t>();
        const auto wanted = byte_count(view.dtype, view.shape);
        if (!wanted)
            too_large(file_, "tensor '" + name + "' of shape " + to_text(view.shape) + " is too large");
        if (end < begin || end - begin != *wanted)
            corrupt(file_, "tensor '" + name + "': a shape of " + to_text(view.shape) + " needs " +
                               std::to_string(*wanted) + " bytes, its data_offsets are " +
                               std::to_string(begin) + " to " + std::to_string(end));
        if (end > data_.size())
            corrupt(file_, "the file is truncated: tensor '" + name + "' ends at byte " +
                               std::to_string(end) + " of the data, of which there are " +
                               std::to_string(data_.size()));
        view.bytes = data_.subspan(begin, end - begin);
        return view;
    }

    const Json &member(const std::string &name, const Json &entry, const char *key) const {
        const auto found = entry.find(key);
        if (found == entry.end()) corrupt(file_, "tensor '" + name + "' has no " + key);
        return *found;
    }

    static bool is_count(const Json &value) { return value.is_number_unsigned(); }

    DType read_dtype(const std::string &name, const Json &value) const {
        if (!value.is_string()) corrupt(file_, "tensor '" + name + "': dtype is not text");
        const auto type = dtype_from_safetensors(value.get_ref<const std::string &>());
        if (!type)
            throw Error(ErrorCode::unsupported,
                        "tensor '" + name + "' has the unknown type '" +
                            value.get<std::string>().substr(0, 40) + "'",
                        file_, "store it as F32, F16, BF16 or F64");
        return *type;
    }

    graph::Shape read_shape(const std::string &name, const Json &value) const {
        if (!value.is_array() || value.size() > Limits::kRank)
            corrupt(file_, "tensor '" + name + "': shape must be a list of at most " +
                               std::to_string(Limits::kRank) + " sizes");
        graph::Shape shape;
        for (const Json &extent : value) {
            if (!is_count(extent) || extent.get<std::uint64_t>() > Limits::kExtent)
                corrupt(file_, "tensor '" + name + "': shape holds something other than a size");
            shape.push_back(extent.get<std::int64_t>());
        }
        return shape;
    }

    /// Every byte of the data belongs to exactly one tensor: nothing can hide, nothing is shared.
    void check_coverage(const std::map<std::string, TensorView> &tensors) const {
        std::vector<Range> ranges;
        for (const auto &[name, view] : tensors) {
            const auto begin = static_cast<std::uint64_t>(view.bytes.data() - data_.data());
            if (!view.bytes.empty()) ranges.push_back({begin, begin + view.bytes.size(), &name});
        }
        std::ranges::sort(ranges, {}, &Range::begin);
        std::uint64_t at = 0;
        for (const Range &range : ranges) {
            if (range.begin < at) corrupt(file_, "tensor '" + *range.name + "' overlaps another");
            if (range.begin > at)
                corrupt(file_, "there are unused bytes before tensor '" + *range.name + "'");
            at = range.end;
        }
        if (at != data_.size())
            corrupt(file_,
                    "there are " + std::to_string(data_.size() - at) + " bytes behind the last tensor");
    }

    std::span<const std::byte> bytes_, data_;
    const std::string &file_;
};

class MemoryBytes {
  public:
    explicit MemoryBytes(std::vector<std::byte> bytes) : data_(std::move(bytes)) {}
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return data_; }

  private:
    std::vector<std::byte> data_;
};

template<typename Bytes> class TensorFileOf final : public TensorFile {
  public:
    TensorFileOf(Bytes bytes, const std::string &name) : bytes_(std::move(bytes)) {
        HeaderReader(bytes_.bytes(), name).read(tensors_, metadata_);
    }
    [[nodiscard]] const std::map<std::string, TensorView> &tensors() const override { return tensors_; }
    [[nodiscard]] const std::map<std::string, std::string> &metadata() const override { return metadata_; }

  private:
    Bytes bytes_;
    std::map<std::string, TensorView> tensors_;
    std::map<std::string, std::string> metadata_;
};

} // namespace

std::shared_ptr<const TensorFile> TensorFile::open(const std::filesystem::path &path) {
    return std::make_shared<TensorFileOf<MappedFile>>(MappedFile(path), path.string());
}

std::shared_ptr<const TensorFile> TensorFile::parse(std::vector<std::byte> bytes, std::string name) {
    return std::make_shared<TensorFileOf<MemoryBytes>>(MemoryBytes(std::move(bytes)), name);
}

} // namespace mirra::bundle
