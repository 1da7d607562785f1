// JavaScript values over plain Node-API, with C++ exceptions in place of status codes.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace mirra_node {

/// Thrown when a JavaScript exception is pending, or the environment is ending and runs no JavaScript any
/// more.
struct Pending {};

/// An enumerator of mirra.h and what JavaScript calls it.
struct Word {
    const char *text;
    std::int64_t value;
};

/// The environment of a call, and what it makes and reads. @throws Pending from every function
class Js {
  public:
    explicit Js(napi_env env) : env(env) {}

    void check(napi_status status) const;

    // ---- Values from C++

    [[nodiscard]] napi_value undefined() const;
    [[nodiscard]] napi_value null() const;
    [[nodiscard]] napi_value boolean(bool value) const;
    [[nodiscard]] napi_value number(double value) const;
    /// A number where it is exact, else a BigInt.
    [[nodiscard]] napi_value integer(std::int64_t value) const;
    [[nodiscard]] napi_value text(const char *value) const;
    [[nodiscard]] napi_value text(const std::string &value) const;
    [[nodiscard]] napi_value text_or_null(const char *value) const;
    [[nodiscard]] napi_value strings(const char *const *values, std::uint32_t count) const;
    [[nodiscard]] napi_value numbers(const std::int64_t *values, std::uint32_t count) const;
    [[nodiscard]] napi_value object() const;
    [[nodiscard]] napi_value array(std::size_t count = 0) const;
    /// A fresh Buffer with a copy of the bytes.
    [[nodiscard]] napi_value buffer(const void *bytes, std::size_t size) const;
    /// A typed array over fresh memory, whose address goes to `data`.
    [[nodiscard]] napi_value typed_array(napi_typedarray_type type, std::size_t length, void **data) const;
    /// The word of an enumerator; "unknown" for a number that this package does not know.
    template<std::size_t Count>
    [[nodiscard]] napi_value word(std::int64_t value, const Word (&words)[Count]) const {
        for (const Word &one : words)
            if (one.value == value) return text(one.text);
        return text("unknown");
    }
    /// The words of the flags that are set.
    template<std::size_t Count>
    [[nodiscard]] napi_value flags(std::uint64_t value, const Word (&words)[Count]) const {
        napi_value list = array();
        std::uint32_t count = 0;
        for (const Word &one : words)
            if ((value & static_cast<std::uint64_t>(one.value)) != 0) set(list, count++, text(one.text));
        return list;
    }
    /// The words whose bit (1 << enumerator) is set.
    template<std::size_t Count>
    [[nodiscard]] napi_value bits(std::uint64_t value, const Word (&words)[Count]) const {
        napi_value list = array();
        std::uint32_t count = 0;
        for (const Word &one : words)
            if ((value >> one.value & 1) != 0) set(list, count++, text(one.text));
        return list;
    }

    // ---- Properties

    void set(napi_value object, const char *name, napi_value value) const;
    /// A property of any name, be it "__proto__".
    void define(napi_value object, const char *name, napi_value value) const;
    void set(napi_value list, std::uint32_t index, napi_value value) const;
    [[nodiscard]] napi_value get(napi_value object, const char *name) const;
    [[nodiscard]] napi_value get(napi_value list, std::uint32_t index) const;
    [[nodiscard]] std::uint32_t length(napi_value list) const;

    // ---- Values to C++

    [[nodiscard]] napi_valuetype type(napi_value value) const;
    /// Whether it is neither undefined nor null.
    [[nodiscard]] bool is_given(napi_value value) const;
    [[nodiscard]] bool to_boolean(napi_value value) const;
    [[nodiscard]] double to_number(napi_value value, const char *what) const;
    /// A whole number (or BigInt) within the range.
    [[nodiscard]] std::int64_t to_integer(napi_value value, const char *what, std::int64_t least,
                                          std::int64_t most) const;
    template<class Integer> [[nodiscard]] Integer to(napi_value value, const char *what) const;
    /// A text without NUL.
    [[nodiscard]] std::string to_text(napi_value value, const char *what) const;

    napi_env env;
};

/// A number as a whole one within the range. @throws Failure
std::int64_t checked_integer(double value, const char *what, std::int64_t least, std::int64_t most);

/// A typed array or Buffer: where its elements lie now.
struct View {
    napi_typedarray_type type = napi_uint8_array;
    std::uint8_t *data = nullptr;
    std::size_t bytes = 0;
    napi_value array_buffer = nullptr;
};
/// @throws Failure unless it is a typed array
View to_view(Js &js, napi_value value, const char *what);
std::size_t element_size(napi_typedarray_type type);

/// Keeps a value until the environment's thread lets go of it.
class Reference {
  public:
    Reference() = default;
    Reference(Js &js, napi_value value);
    explicit operator bool() const { return reference_ != nullptr; }
    [[nodiscard]] napi_value value(Js &js) const;
    /// Lets go; only on the environment's thread. One that is not reset ends with the environment.
    void reset(Js &js);

  private:
    napi_ref reference_ = nullptr;
};

} // namespace mirra_node
