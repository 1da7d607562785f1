// A pickle as inert data. Reading one never imports a module and never calls anything: a class stays a name,
// a call stays a record of what would have been called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace mirra::trainer::importer {

/// Index into Pickle::values. References may form cycles; who follows them counts the steps.
using Ref = std::uint32_t;

struct PickleNone {};
struct PickleBytes {
    std::string data;
};
/// An integer beyond 64 bits, little-endian two's complement.
struct PickleBigInteger {
    std::string bytes;
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
    std::string module, name;
};
/// What `callable(*arguments)` would have made, and what was put into it afterwards.
struct PickleObject {
    Ref callable = 0, arguments = 0;
    std::optional<Ref> state;
    std::vector<std::pair<Ref, Ref>> items;
    std::vector<Ref> elements;
};
struct PicklePersistent {
    Ref id = 0;
};

using PickleValue = std::variant<PickleNone, bool, std::int64_t, double, std::string, PickleBytes,
                                 PickleBigInteger, PickleList, PickleTuple, PickleSet, PickleDict,
                                 PickleGlobal, PickleObject, PicklePersistent>;

struct Pickle {
    std::vector<PickleValue> values;
    Ref root = 0;
    std::size_t size = 0; ///< bytes that the pickle took, up to and with STOP

    [[nodiscard]] const PickleValue &at(Ref ref) const { return values.at(ref); }
    /// The value if it is a T, else nullptr.
    template<typename T> [[nodiscard]] const T *get(Ref ref) const { return std::get_if<T>(&values.at(ref)); }
};

/// Reads the pickle at the beginning of `bytes` (protocols 0 to 5).
/// @param subject  the file, for errors
/// @throws Error corrupt (truncated, inconsistent) | limit | unsupported (an opcode of another kind of
/// program)
Pickle parse_pickle(std::span<const std::byte> bytes, const std::string &subject);

} // namespace mirra::trainer::importer
