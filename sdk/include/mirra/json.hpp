// JSON from files that nobody vouches for: read once, in little memory, within limits.
//
// A Document keeps 16 bytes a value and key beside the unescaped texts; members stay in the file's order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::json {

struct Limits {
    std::size_t depth = 32;            ///< arrays and objects inside of each other
    std::size_t values = 1u << 18;     ///< in all, keys not counted
    std::size_t members = 1u << 16;    ///< of one object
    std::size_t key_length = 1u << 10; ///< bytes
};

enum class Kind : std::uint8_t { null, boolean, integer, count, real, text, array, object };

namespace detail {

struct Token {
    std::uint64_t payload = 0; ///< the number's bits, where the text begins, or how many elements follow
    std::uint32_t extent = 0;  ///< bytes of a text; of an array or object the index of the token behind it
    Kind kind = Kind::null;
};

} // namespace detail

class Value;
struct Member;

/// A parsed text. Immutable, thread-safe; values and texts live as long as it does.
class Document {
  public:
    /// @param what     for messages: "the header", "the manifest"
    /// @param subject  the file, for errors
    /// @throws Error corrupt (not JSON, a key twice, a number that no computer holds) | limit
    Document(std::string_view text, const Limits &limits, const std::string &what,
             const std::string &subject);
    [[nodiscard]] Value root() const;

  private:
    friend class Value;
    std::vector<detail::Token> tokens_;
    std::string texts_;
};

/// One value of a document: a position in it, cheap to copy. Asking for another kind than its own is an error
/// of the caller's (asserted by std::logic_error), so ask kind() first.
class Value {
  public:
    [[nodiscard]] Kind kind() const { return token().kind; }
    [[nodiscard]] bool is(Kind kind) const { return token().kind == kind; }
    [[nodiscard]] bool is_integer() const { return is(Kind::integer) || is(Kind::count); }
    [[nodiscard]] bool is_number() const { return is_integer() || is(Kind::real); }

    [[nodiscard]] bool boolean() const;
    /// A whole number that is not negative.
    [[nodiscard]] std::uint64_t count() const;
    /// A whole number; nothing beyond 64 bits with a sign.
    [[nodiscard]] std::optional<std::int64_t> integer() const;
    [[nodiscard]] double real() const; ///< of any number
    [[nodiscard]] std::string_view text() const;

    /// Elements of an array or members of an object.
    [[nodiscard]] std::size_t size() const;
    template<class Visit> void each_element(Visit visit) const {
        walk(Kind::array, [&](std::uint32_t at) { visit(Value(*document_, at)); });
    }
    template<class Visit> void each_member(Visit visit) const {
        walk(Kind::object,
             [&](std::uint32_t at) { visit(Value(*document_, at).key(), Value(*document_, at + 1)); });
    }
    /// The member of that key. Looks at one member after the other: for objects of few known keys.
    [[nodiscard]] std::optional<Value> find(std::string_view key) const;

    /// As JSON text without spaces.
    [[nodiscard]] std::string dump() const;

  private:
    friend class Document;
    Value(const Document &document, std::uint32_t at) : document_(&document), at_(at) {}

    [[nodiscard]] const detail::Token &token() const { return document_->tokens_[at_]; }
    [[nodiscard]] const detail::Token &expect(Kind kind) const;
    [[nodiscard]] std::string_view key() const;
    /// The token behind a value (of a key: behind the key).
    [[nodiscard]] static std::uint32_t behind(const detail::Token &token, std::uint32_t at) {
        return token.kind == Kind::array || token.kind == Kind::object ? token.extent : at + 1;
    }
    template<class Visit> void walk(Kind kind, Visit visit) const {
        const std::uint32_t end = expect(kind).extent;
        for (std::uint32_t at = at_ + 1; at < end;) {
            visit(at);
            const std::uint32_t value = kind == Kind::object ? at + 1 : at;
            at = behind(document_->tokens_[value], value);
        }
    }
    void dump(std::string &out) const;

    const Document *document_;
    std::uint32_t at_;
};

} // namespace mirra::json
