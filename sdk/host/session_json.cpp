// The parameters of a session as a JSON object.
#include "mirra/error.hpp"
#include "mirra/host.hpp"
#include "mirra/json.hpp"
#include "value.hpp"

#include <nlohmann/json.hpp>

namespace mirra::host {
namespace {

constexpr std::size_t kMostBytes = std::size_t{32} << 20; ///< twice the largest texts of all parameters
constexpr json::Limits kLimits{.depth = 8, .values = 4096, .members = 512};

json::Document read(std::string_view text) {
    if (text.size() > kMostBytes)
        throw Error(ErrorCode::limit,
                    "the parameters have " + std::to_string(text.size()) + " bytes, more than " +
                        std::to_string(kMostBytes),
                    "json");
    try {
        return {text, kLimits, "the parameters", "json"};
    } catch (const Error &error) { // it is an argument, no file
        if (error.code() != ErrorCode::corrupt) throw;
        throw Error(ErrorCode::invalid_argument, error.what(), error.subject(),
                    R"(Give one JSON object of parameters, such as {"sigma": 12.5}.)");
    }
}

[[noreturn]] void wrong_kind(const std::string &name, const char *kind) {
    throw Error(ErrorCode::invalid_argument, "the parameter '" + name + "' is given " + kind, name,
                "Give a number, a text, true or false.");
}

Value value_of(const std::string &name, const json::Value &value) {
    switch (value.kind()) {
    case json::Kind::boolean:
        return value.boolean();
    case json::Kind::text:
        if (value.text().find('\0') != std::string_view::npos) wrong_kind(name, "a text with a NUL in it");
        return std::string(value.text());
    case json::Kind::integer:
    case json::Kind::count:
        if (const auto whole = value.integer()) return *whole;
        return value.real();
    case json::Kind::real:
        return value.real();
    case json::Kind::null:
        wrong_kind(name, "null");
    case json::Kind::array:
        wrong_kind(name, "an array");
    default:
        wrong_kind(name, "an object");
    }
}

nlohmann::ordered_json to_json(const Value &value) {
    return std::visit([](const auto &plain) { return nlohmann::ordered_json(plain); }, value);
}

} // namespace

void Session::set_json(std::string_view text) {
    const json::Document document = read(text);
    const json::Value root = document.root();
    if (!root.is(json::Kind::object))
        throw Error(ErrorCode::invalid_argument, "the parameters are no JSON object", "json",
                    R"(Give one, such as {"sigma": 12.5}.)");
    const Hold hold(*this);
    auto values = parameters().values;
    root.each_member([&](std::string_view key, const json::Value &value) {
        const mirra_param_info &param = parameters().known.param(key);
        values[param.name] = accept(param, value_of(param.name, value));
    });
    parameters().values = std::move(values);
}

std::string Session::get_json() {
    const Hold hold(*this);
    auto out = nlohmann::ordered_json::object();
    for (const mirra_param_info &param : parameters().known.params)
        out[param.name] = to_json(parameters().values.at(param.name));
    return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace mirra::host
