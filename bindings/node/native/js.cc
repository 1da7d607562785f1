#include "js.h"

#include "failure.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace mirra_node {
namespace {

constexpr double largest_exact = 9007199254740991.0; // Number.MAX_SAFE_INTEGER

} // namespace

void Js::check(napi_status status) const {
    if (status == napi_ok) return;
    bool pending = false;
    if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) {
        const napi_extended_error_info *info = nullptr;
        napi_get_last_error_info(env, &info);
        // Fails, as it should, where the environment is ending.
        napi_throw_error(env, nullptr,
                         info != nullptr && info->error_message != nullptr ? info->error_message
                                                                           : "Node-API failed");
    }
    throw Pending{};
}

napi_value Js::undefined() const {
    napi_value result = nullptr;
    check(napi_get_undefined(env, &result));
    return result;
}

napi_value Js::null() const {
    napi_value result = nullptr;
    check(napi_get_null(env, &result));
    return result;
}

napi_value Js::boolean(bool value) const {
    napi_value result = nullptr;
    check(napi_get_boolean(env, value, &result));
    return result;
}

napi_value Js::number(double value) const {
    napi_value result = nullptr;
    check(napi_create_double(env, value, &result));
    return result;
}

napi_value Js::integer(std::int64_t value) const {
    if (std::abs(static_cast<double>(value)) <= largest_exact) return number(static_cast<double>(value));
    napi_value result = nullptr;
    check(napi_create_bigint_int64(env, value, &result));
    return result;
}

napi_value Js::text(const char *value) const {
    napi_value result = nullptr;
    check(napi_create_string_utf8(env, value != nullptr ? value : "", NAPI_AUTO_LENGTH, &result));
    return result;
}

napi_value Js::text(const std::string &value) const {
    return text(value.c_str());
}

napi_value Js::text_or_null(const char *value) const {
    return value != nullptr ? text(value) : null();
}

napi_value Js::strings(const char *const *values, std::uint32_t count) const {
    napi_value list = array(count);
    for (std::uint32_t i = 0; i < count; ++i) set(list, i, text(values[i]));
    return list;
}

napi_value Js::numbers(const std::int64_t *values, std::uint32_t count) const {
    napi_value list = array(count);
    for (std::uint32_t i = 0; i < count; ++i) set(list, i, number(static_cast<double>(values[i])));
    return list;
}

napi_value Js::object() const {
    napi_value result = nullptr;
    check(napi_create_object(env, &result));
    return result;
}

napi_value Js::array(std::size_t count) const {
    napi_value result = nullptr;
    check(napi_create_array_with_length(env, count, &result));
    return result;
}

napi_value Js::buffer(const void *bytes, std::size_t size) const {
    napi_value result = nullptr;
    void *copy = nullptr;
    check(napi_create_buffer(env, size, &copy, &result));
    if (size > 0) std::memcpy(copy, bytes, size);
    return result;
}

napi_value Js::typed_array(napi_typedarray_type type, std::size_t length, void **data) const {
    napi_value memory = nullptr, result = nullptr;
    check(napi_create_arraybuffer(env, length * element_size(type), data, &memory));
    check(napi_create_typedarray(env, type, length, memory, 0, &result));
    return result;
}

void Js::set(napi_value object, const char *name, napi_value value) const {
    check(napi_set_named_property(env, object, name, value));
}

void Js::define(napi_value object, const char *name, napi_value value) const {
    const napi_property_descriptor property{
        name, nullptr, nullptr, nullptr, nullptr, value, napi_default_jsproperty, nullptr};
    check(napi_define_properties(env, object, 1, &property));
}

void Js::set(napi_value list, std::uint32_t index, napi_value value) const {
    check(napi_set_element(env, list, index, value));
}

napi_value Js::get(napi_value object, const char *name) const {
    napi_value result = nullptr;
    check(napi_get_named_property(env, object, name, &result));
    return result;
}

napi_value Js::get(napi_value list, std::uint32_t index) const {
    napi_value result = nullptr;
    check(napi_get_element(env, list, index, &result));
    return result;
}

std::uint32_t Js::length(napi_value list) const {
    std::uint32_t result = 0;
    check(napi_get_array_length(env, list, &result));
    return result;
}

napi_valuetype Js::type(napi_value value) const {
    napi_valuetype result = napi_undefined;
    check(napi_typeof(env, value, &result));
    return result;
}

bool Js::is_given(napi_value value) const {
    const napi_valuetype kind = type(value);
    return kind != napi_undefined && kind != napi_null;
}

bool Js::to_boolean(napi_value value) const {
    bool result = false;
    check(napi_coerce_to_bool(env, value, &value));
    check(napi_get_value_bool(env, value, &result));
    return result;
}

double Js::to_number(napi_value value, const char *what) const {
    double result = 0;
    if (type(value) != napi_number) throw invalid(what, "must be a number");
    check(napi_get_value_double(env, value, &result));
    return result;
}

std::int64_t Js::to_integer(napi_value value, const char *what, std::int64_t least, std::int64_t most) const {
    std::int64_t result = 0;
    if (type(value) == napi_bigint) {
        bool lossless = false;
        check(napi_get_value_bigint_int64(env, value, &result, &lossless));
        if (!lossless) throw invalid(what, "is out of range");
        if (result < least || result > most) throw invalid(what, "is out of range");
        return result;
    }
    return checked_integer(to_number(value, what), what, least, most);
}

std::int64_t checked_integer(double value, const char *what, std::int64_t least, std::int64_t most) {
    if (!(std::abs(value) <= largest_exact) || value != std::floor(value))
        throw invalid(what, "must be a whole number");
    const auto result = static_cast<std::int64_t>(value);
    if (result < least || result > most)
        throw invalid(what, "must be from " + std::to_string(least) + " to " + std::to_string(most));
    return result;
}

template<class Integer> Integer Js::to(napi_value value, const char *what) const {
    using Limits = std::numeric_limits<Integer>;
    constexpr bool wide = sizeof(Integer) == 8 && !Limits::is_signed;
    return static_cast<Integer>(to_integer(value, what, static_cast<std::int64_t>(Limits::min()),
                                           wide ? INT64_MAX : static_cast<std::int64_t>(Limits::max())));
}
template std::int32_t Js::to(napi_value, const char *) const;
template std::uint32_t Js::to(napi_value, const char *) const;
template std::int64_t Js::to(napi_value, const char *) const;
template std::uint64_t Js::to(napi_value, const char *) const;

std::string Js::to_text(napi_value value, const char *what) const {
    if (type(value) != napi_string) throw invalid(what, "must be a string");
    std::size_t size = 0;
    check(napi_get_value_string_utf8(env, value, nullptr, 0, &size));
    std::string result(size, '\0');
    check(napi_get_value_string_utf8(env, value, result.data(), size + 1, &size));
    if (result.find('\0') != std::string::npos) throw invalid(what, "must not contain a NUL character");
    return result;
}

std::size_t element_size(napi_typedarray_type type) {
    switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
        return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
        return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
        return 8;
    default:
        return 1;
    }
}

View to_view(Js &js, napi_value value, const char *what) {
    bool is = false;
    js.check(napi_is_typedarray(js.env, value, &is));
    if (!is) throw invalid(what, "must be a typed array or Buffer");
    View view;
    std::size_t length = 0;
    void *data = nullptr;
    js.check(
        napi_get_typedarray_info(js.env, value, &view.type, &length, &data, &view.array_buffer, nullptr));
    view.data = static_cast<std::uint8_t *>(data);
    view.bytes = data == nullptr ? 0 : length * element_size(view.type);
    return view;
}

Reference::Reference(Js &js, napi_value value) {
    js.check(napi_create_reference(js.env, value, 1, &reference_));
}

napi_value Reference::value(Js &js) const {
    napi_value result = nullptr;
    js.check(napi_get_reference_value(js.env, reference_, &result));
    return result;
}

void Reference::reset(Js &js) {
    if (reference_ != nullptr) napi_delete_reference(js.env, std::exchange(reference_, nullptr));
}

} // namespace mirra_node
