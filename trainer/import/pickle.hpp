// A pickle as inert data. Reading one never imports a module and never calls anything: a class stays a name,
// a call stays a record of what would have been called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mirra::trainer::importer {

/// How much a file may cost while it is read: a function of its own size, whatever it claims. Shared by all
/// that read one file; not thread-safe.
class Allowance {
  public:
    /// What a file's pickled part may become in memory.
    static Allowance for_pickle(std::uint64_t pickle_bytes, std::string file) {
        return {kBase + kPerPickledByte * pickle_bytes, "the pickled part would take", std::move(file)};
    }
    /// What the values of all tensors of a file may become as fp32.
    static Allowance for_values(std::uint64_t file_bytes, std::string file) {
        return {kBase + kPerValueByte * file_bytes, "the file's tensors share their memory: they would take",
                std::move(file)};
    }
    /// What may be read from a file, storage by storage.
    static Allowance for_reading(std::uint64_t file_bytes, std::string file) {
        return {kBase + kPerReadByte * file_bytes,
                "the file's tensors share their storages: reading them would take", std::move(file)};
    }

    /// @throws Error limit
    void take(std::uint64_t bytes);

  private:
    static constexpr std::uint64_t kBase = std::uint64_t{64} << 20;
    static constexpr std::uint64_t kPerPickledByte = 16;
    static constexpr std::uint64_t kPerValueByte = 8;
    static constexpr std::uint64_t kPerReadByte = 64;

    Allowance(std::uint64_t bytes, std::string what, std::string file)
        : all_(bytes)
        , left_(bytes)
        , what_(std::move(what))
        , file_(std::move(file)) {}

    std::uint64_t all_, left_;
    std::string what_, file_;
};

/// Index into Pickle::values. References may form cycles; who follows them counts the steps.
using Ref = std::uint32_t;

struct PickleNone {};
/// Texts are views of the pickle's own bytes: however often one is used, it is there once.
using PickleText = std::string_view;
struct PickleBytes {
    std::string_view data;
};
/// An integer beyond 64 bits, little-endian two's complement.
struct PickleBigInteger {
    std::string_view bytes;
};
struct PickleList {
    std::vector<Ref> items;
};
struct PickleTuple {
    std::vector<Ref> items;
};
struct PickleSet {
    std::vector<Ref> items;
};
struct PickleDict {
    std::vector<std::pair<Ref, Ref>> items;
};
struct PickleGlobal {
    std::string_view module, name;
};
/// What `callable(*arguments)` would have made, and what was put into it afterwards.
struct PickleObject {
    struct Content {
        std::vector<std::pair<Ref, Ref>> items;
        std::vector<Ref> elements;
    };
    Ref callable = 0, arguments = 0;
    std::optional<Ref> state;
    std::unique_ptr<Content> content; ///< none: nothing was put into it
};
struct PicklePersistent {
    Ref id = 0;
};

using PickleValue = std::variant<PickleNone, bool, std::int64_t, double, PickleText, PickleBytes,
                                 PickleBigInteger, PickleList, PickleTuple, PickleSet, PickleDict,
                                 PickleGlobal, PickleObject, PicklePersistent>;

struct Pickle {
    std::deque<PickleValue> values;
    Ref root = 0;
    std::size_t size = 0; ///< bytes that the pickle took, up to and with STOP

    [[nodiscard]] const PickleValue &at(Ref ref) const { return values.at(ref); }
    /// The value if it is a T, else nullptr.
    template<typename T> [[nodiscard]] const T *get(Ref ref) const { return std::get_if<T>(&values.at(ref)); }
};

/// Reads the pickle at the beginning of `bytes` (protocols 0 to 5), which must outlive the result.
/// @param subject    the file, for errors
/// @param allowance  what it may take
/// @throws Error corrupt (truncated, inconsistent) | limit | unsupported (an opcode of another kind of
/// program)
Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject, Allowance &allowance);
/// With an allowance of its own.
Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject);

} // namespace mirra::trainer::importer
