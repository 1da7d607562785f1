// The safetensors reader: 8 bytes of header length, a JSON header, then the tensors' bytes without gaps.
#include "dtype.hpp"
#include "limits.hpp"
#include "tensor_header.hpp"

#include "mirra/error.hpp"
#include "mirra/file_reader.hpp"
#include "mirra/json.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

namespace mirra::bundle {
namespace {

using json::Kind;
using json::Value;

constexpr json::Limits kHeaderLimits{
    .depth = Limits::kHeaderDepth, .values = Limits::kHeaderValues, .members = Limits::kTensors + 1};
using Length = std::uint64_t; ///< of the header, before it

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

/// The header's length out of the file's first bytes. @param size  of the file
std::size_t header_length(std::span<const std::byte> first, std::uint64_t size, const std::string &file) {
    Length length = 0;
    if (first.size() < sizeof length)
        corrupt(file, "the file has " + std::to_string(size) + " bytes, too few for a header");
    std::memcpy(&length, first.data(), sizeof length);
    if (length > Limits::kHeaderBytes)
        too_large(file, "the header claims " + std::to_string(length) + " bytes, more than the limit of " +
                            std::to_string(Limits::kHeaderBytes));
    if (length > size - sizeof length)
        corrupt(file, "the file ends within its header: " + std::to_string(length) +
                          " bytes are announced, " + std::to_string(size - sizeof length) + " are there");
    return static_cast<std::size_t>(length);
}

std::string_view as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

/// Where a tensor lies in the data, before there is any.
struct Place {
    TensorView view;
    std::uint64_t begin = 0, end = 0;
};

struct Header {
    std::map<std::string, Place> tensors;
    std::map<std::string, std::string> metadata;
};

/// Reads the header of one file; everything is checked before the data are looked at.
class HeaderReader {
  public:
    HeaderReader(std::uint64_t data_bytes, const std::string &file) : data_bytes_(data_bytes), file_(file) {}

    Header read(std::string_view text) const {
        const json::Document document(text, kHeaderLimits, "the header", file_);
        const Value root = document.root();
        if (!root.is(Kind::object)) corrupt(file_, "the header is not a JSON object");
        Header header;
        root.each_member([&](std::string_view name, Value entry) {
            if (name == "__metadata__")
                read_metadata(entry, header.metadata);
            else
                header.tensors.emplace(name, read_tensor(std::string(name), entry));
        });
        check_coverage(header.tensors);
        return header;
    }

  private:
    void read_metadata(Value entry, std::map<std::string, std::string> &metadata) const {
        if (!entry.is(Kind::object)) corrupt(file_, "__metadata__ is not a JSON object");
        entry.each_member([&](std::string_view key, Value value) {
            if (!value.is(Kind::text)) corrupt(file_, "__metadata__ holds something other than text");
            metadata.emplace(key, value.text());
        });
    }

    void check_name(const std::string &name) const {
        const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
        if (name.empty() || name.size() > Limits::kNameLength || std::ranges::any_of(name, control))
            corrupt(file_, "a tensor's name is empty, too long or holds control characters: '" +
                               name.substr(0, 80) + "'");
    }

    Place read_tensor(const std::string &name, Value entry) const {
        check_name(name);
        if (!entry.is(Kind::object))
            corrupt(file_, "tensor '" + name + "' is not described by a JSON object");
        Place place;
        place.view.dtype = read_dtype(name, member(name, entry, "dtype"));
        place.view.shape = read_shape(name, member(name, entry, "shape"));
        std::tie(place.begin, place.end) = read_offsets(name, member(name, entry, "data_offsets"));
        const auto wanted = byte_count(place.view.dtype, place.view.shape);
        if (!wanted)
            too_large(file_, "tensor '" + name + "' of shape " + to_text(place.view.shape) + " is too large");
        if (place.end < place.begin || place.end - place.begin != *wanted)
            corrupt(file_, "tensor '" + name + "': a shape of " + to_text(place.view.shape) + " needs " +
                               std::to_string(*wanted) + " bytes, its data_offsets are " +
                               std::to_string(place.begin) + " to " + std::to_string(place.end));
        if (place.end > data_bytes_)
            corrupt(file_, "the file is truncated: tensor '" + name + "' ends at byte " +
                               std::to_string(place.end) + " of the data, of which there are " +
                               std::to_string(data_bytes_));
        return place;
    }

    Value member(const std::string &name, Value entry, const char *key) const {
        const auto found = entry.find(key);
        if (!found) corrupt(file_, "tensor '" + name + "' has no " + key);
        return *found;
    }

    std::pair<std::uint64_t, std::uint64_t> read_offsets(const std::string &name, Value value) const {
        std::vector<std::uint64_t> ends;
        if (value.is(Kind::array) && value.size() == 2)
            value.each_element([&](Value end) {
                if (end.is(Kind::count)) ends.push_back(end.count());
            });
        if (ends.size() != 2) corrupt(file_, "tensor '" + name + "': data_offsets must be two sizes");
        return {ends.front(), ends.back()};
    }

    DType read_dtype(const std::string &name, Value value) const {
        if (!value.is(Kind::text)) corrupt(file_, "tensor '" + name + "': dtype is not text");
        const auto type = dtype_from_safetensors(value.text());
        if (!type)
            throw Error(ErrorCode::unsupported,
                        "tensor '" + name + "' has the unknown type '" +
                            std::string(value.text().substr(0, 40)) + "'",
                        file_, "store it as F32, F16, BF16 or F64");
        return *type;
    }

    graph::Shape read_shape(const std::string &name, Value value) const {
        if (!value.is(Kind::array) || value.size() > Limits::kRank)
            corrupt(file_, "tensor '" + name + "': shape must be a list of at most " +
                               std::to_string(Limits::kRank) + " sizes");
        graph::Shape shape;
        value.each_element([&](Value extent) {
            if (!extent.is(Kind::count) || extent.count() > Limits::kExtent)
                corrupt(file_, "tensor '" + name + "': shape holds something other than a size");
            shape.push_back(static_cast<std::int64_t>(extent.count()));
        });
        return shape;
    }

    /// Every byte of the data belongs to exactly one tensor: nothing can hide, nothing is shared.
    void check_coverage(const std::map<std::string, Place> &tensors) const {
        std::vector<Range> ranges;
        for (const auto &[name, place] : tensors)
            if (place.begin != place.end) ranges.push_back({place.begin, place.end, &name});
        std::ranges::sort(ranges, {}, &Range::begin);
        std::uint64_t at = 0;
        for (const Range &range : ranges) {
            if (range.begin < at) corrupt(file_, "tensor '" + *range.name + "' overlaps another");
            if (range.begin > at)
                corrupt(file_, "there are unused bytes before tensor '" + *range.name + "'");
            at = range.end;
        }
        if (at != data_bytes_)
            corrupt(file_, "there are " + std::to_string(data_bytes_ - at) + " bytes behind the last tensor");
    }

    std::uint64_t data_bytes_;
    const std::string &file_;
};

template<typename Bytes> class TensorFileOf final : public TensorFile {
  public:
    /// @param skipped  bytes before the data
    TensorFileOf(Bytes bytes, std::size_t skipped, Header header)
        : bytes_(std::move(bytes))
        , metadata_(std::move(header.metadata)) {
        const auto data = span_of(bytes_).subspan(skipped);
        while (!header.tensors.empty()) {
            auto place = header.tensors.extract(header.tensors.begin());
            TensorView view = std::move(place.mapped().view);
            view.bytes = data.subspan(place.mapped().begin, place.mapped().end - place.mapped().begin);
            tensors_.emplace_hint(tensors_.end(), std::move(place.key()), std::move(view));
        }
    }
    [[nodiscard]] const std::map<std::string, TensorView> &tensors() const override { return tensors_; }
    [[nodiscard]] const std::map<std::string, std::string> &metadata() const override { return metadata_; }

  private:
    static std::span<const std::byte> span_of(const std::vector<std::byte> &bytes) { return bytes; }
    static std::span<const std::byte> span_of(const Buffer &bytes) { return bytes.bytes(); }

    Bytes bytes_;
    std::map<std::string, TensorView> tensors_;
    std::map<std::string, std::string> metadata_;
};

/// The header of a file, whose text is not kept. Where the data begin goes to `begin`.
/// @param budget  the most bytes to read; what was read is taken off
Header read_header(const FileReader &reader, const std::string &name, std::uint64_t &begin,
                   std::uint64_t &budget) {
    std::array<std::byte, sizeof(Length)> first{};
    const auto there = std::span(first).first(std::min<std::uint64_t>(reader.size(), first.size()));
    reader.read(0, there);
    const std::size_t length = header_length(there, reader.size(), name);
    if (length > budget)
        throw Error(ErrorCode::limit,
                    "the header has " + std::to_string(length) + " bytes, more than the " +
                        std::to_string(budget) + " that may still be read",
                    name);
    budget -= length;
    Buffer text(length);
    reader.read(sizeof(Length), text.bytes());
    begin = sizeof(Length) + text.bytes().size();
    return HeaderReader(reader.size() - begin, name).read(as_text(text.bytes()));
}

} // namespace

std::shared_ptr<const TensorFile> TensorFile::open(const std::filesystem::path &path) {
    const FileReader reader(path);
    std::uint64_t begin = 0, budget = Limits::kHeaderBytes;
    Header header = read_header(reader, path.string(), begin, budget);
    // Read, not mapped: what was checked is what is used, whatever becomes of the file.
    return std::make_shared<TensorFileOf<Buffer>>(reader.read_rest(begin), 0, std::move(header));
}

std::shared_ptr<const TensorFile> TensorFile::parse(std::vector<std::byte> bytes, std::string name) {
    const std::span<const std::byte> all(bytes);
    const std::size_t length =
        header_length(all.first(std::min(all.size(), sizeof(Length))), all.size(), name);
    const std::size_t begin = sizeof(Length) + length;
    Header header = HeaderReader(all.size() - begin, name).read(as_text(all.subspan(sizeof(Length), length)));
    return std::make_shared<TensorFileOf<std::vector<std::byte>>>(std::move(bytes), begin, std::move(header));
}

TensorHeader read_tensor_header(const std::filesystem::path &path, std::uint64_t &budget) {
    const FileReader reader(path);
    std::uint64_t begin = 0;
    Header header = read_header(reader, path.string(), begin, budget);
    TensorHeader out{.tensors = {}, .metadata = std::move(header.metadata), .file_bytes = reader.size()};
    while (!header.tensors.empty()) {
        auto place = header.tensors.extract(header.tensors.begin());
        out.tensors.emplace_hint(out.tensors.end(), std::move(place.key()), std::move(place.mapped().view));
    }
    return out;
}

} // namespace mirra::bundle
