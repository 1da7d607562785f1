// nlohmann's parser over a flat list of tokens instead of its tree, which takes up to 50 bytes a byte of
// text.
#include "mirra/json.hpp"

#include "mirra/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace mirra::json {
namespace {

using Json = nlohmann::json;
using detail::Token;

constexpr const char *kDamaged = "the file is damaged, or its writer has a bug";
constexpr int kNumberOutOfRange = 406; // of nlohmann's exceptions

bool is_container(Kind kind) {
    return kind == Kind::array || kind == Kind::object;
}

/// Takes the parser's events and keeps the limits.
class Recorder final : public Json::json_sax_t {
  public:
    Recorder(std::vector<Token> &tokens, std::string &texts, const Limits &limits, const std::string &what,
             const std::string &subject)
        : tokens_(tokens)
        , texts_(texts)
        , limits_(limits)
        , what_(what)
        , subject_(subject) {}

    bool null() override { return add({0, 0, Kind::null}); }
    bool boolean(bool value) override { return add({value ? 1u : 0u, 0, Kind::boolean}); }
    bool number_integer(number_integer_t value) override {
        return add({static_cast<std::uint64_t>(value), 0, Kind::integer});
    }
    bool number_unsigned(number_unsigned_t value) override { return add({value, 0, Kind::count}); }
    bool number_float(number_float_t value, const string_t &) override {
        return add({std::bit_cast<std::uint64_t>(value), 0, Kind::real});
    }
    bool string(string_t &value) override { return add(text(value)); }
    bool binary(binary_t &) override { return false; } // not in texts
    bool start_object(std::size_t) override { return open(Kind::object); }
    bool start_array(std::size_t) override { return open(Kind::array); }
    bool end_array() override { return close(); }

    bool key(string_t &value) override {
        if (value.size() > limits_.key_length)
            too_large("has a key of " + std::to_string(value.size()) + " bytes, more than " +
                      std::to_string(limits_.key_length));
        if (++tokens_[open_.back()].payload > limits_.members)
            too_large("has an object of more than " + std::to_string(limits_.members) + " members");
        tokens_.push_back(text(value));
        return true;
    }

    bool end_object() override {
        close();
        check_keys();
        return true;
    }

    bool parse_error(std::size_t position, const std::string &, const Json::exception &error) override {
        // The parser's own text quotes the file, at any length and in any encoding.
        if (error.id == kNumberOutOfRange)
            throw Error(ErrorCode::corrupt, what_ + " holds a number that no computer can represent",
                        subject_, kDamaged);
        throw Error(ErrorCode::corrupt, what_ + " is not valid JSON at byte " + std::to_string(position),
                    subject_, kDamaged);
    }

  private:
    [[noreturn]] void too_large(const std::string &what) const {
        throw Error(ErrorCode::limit, what_ + " " + what, subject_, kDamaged);
    }

    Token text(const std::string &value) {
        const Token token{texts_.size(), static_cast<std::uint32_t>(value.size()), Kind::text};
        texts_ += value;
        return token;
    }

    bool add(const Token &token) {
        if (++values_ > limits_.values)
            too_large("holds more than " + std::to_string(limits_.values) + " values");
        if (!open_.empty() && tokens_[open_.back()].kind == Kind::array) ++tokens_[open_.back()].payload;
        tokens_.push_back(token);
        return true;
    }

    bool open(Kind kind) {
        if (open_.size() >= limits_.depth)
            too_large("is nested deeper than " + std::to_string(limits_.depth));
        add({0, 0, kind});
        open_.push_back(tokens_.size() - 1);
        return true;
    }

    bool close() {
        closed_ = open_.back();
        tokens_[closed_].extent = static_cast<std::uint32_t>(tokens_.size());
        open_.pop_back();
        return true;
    }

    /// Of the object that was closed last.
    void check_keys() {
        keys_.clear();
        keys_.reserve(tokens_[closed_].payload); // growing would double what this takes
        for (std::size_t at = closed_ + 1; at < tokens_.size();) {
            keys_.push_back(std::string_view(texts_).substr(tokens_[at].payload, tokens_[at].extent));
            const Token &value = tokens_[at + 1];
            at = is_container(value.kind) ? value.extent : at + 2;
        }
        std::ranges::sort(keys_);
        const auto twice = std::ranges::adjacent_find(keys_);
        if (twice == keys_.end()) return;
        throw Error(ErrorCode::corrupt,
                    what_ + " has the key '" + std::string(twice->substr(0, 80)) + "' twice", subject_,
                    kDamaged);
    }

    std::vector<Token> &tokens_;
    std::string &texts_;
    const Limits &limits_;
    const std::string &what_, &subject_;
    std::vector<std::size_t> open_;
    std::vector<std::string_view> keys_;
    std::size_t values_ = 0, closed_ = 0;
};

/// Quoted and escaped, as nlohmann does it. What is no UTF-8 never came through the parser.
std::string quoted(std::string_view text) {
    return Json(text).dump();
}

} // namespace

Document::Document(std::string_view text, const Limits &limits, const std::string &what,
                   const std::string &subject) {
    // Room for the most there can be: pages that stay untouched cost nothing, growing would copy.
    tokens_.reserve(std::min(text.size() / 2, 2 * limits.values) + 2);
    texts_.reserve(text.size());
    Recorder recorder(tokens_, texts_, limits, what, subject);
    Json::sax_parse(text, &recorder);
}

Value Document::root() const {
    return {*this, 0};
}

const Token &Value::expect(Kind kind) const {
    if (token().kind != kind) throw std::logic_error("a JSON value is asked for what it is not");
    return token();
}

bool Value::boolean() const {
    return expect(Kind::boolean).payload != 0;
}

std::uint64_t Value::count() const {
    return expect(Kind::count).payload;
}

std::optional<std::int64_t> Value::integer() const {
    if (is(Kind::integer)) return static_cast<std::int64_t>(token().payload);
    const std::uint64_t value = count();
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

double Value::real() const {
    if (is(Kind::integer)) return static_cast<double>(static_cast<std::int64_t>(token().payload));
    if (is(Kind::count)) return static_cast<double>(token().payload);
    return std::bit_cast<double>(expect(Kind::real).payload);
}

std::string_view Value::text() const {
    const Token &token = expect(Kind::text);
    return std::string_view(document_->texts_).substr(token.payload, token.extent);
}

std::string_view Value::key() const {
    return text();
}

std::size_t Value::size() const {
    return is_container(kind()) ? static_cast<std::size_t>(token().payload) : 0;
}

std::optional<Value> Value::find(std::string_view key) const {
    std::optional<Value> found;
    each_member([&](std::string_view name, Value value) {
        if (!found && name == key) found = value;
    });
    return found;
}

std::string Value::dump() const {
    std::string out;
    dump(out);
    return out;
}

void Value::dump(std::string &out) const {
    const auto separate = [&out] {
        if (out.back() != '[' && out.back() != '{') out += ',';
    };
    switch (kind()) {
    case Kind::null:
        out += "null";
        break;
    case Kind::boolean:
        out += boolean() ? "true" : "false";
        break;
    case Kind::integer:
        out += std::to_string(static_cast<std::int64_t>(token().payload));
        break;
    case Kind::count:
        out += std::to_string(token().payload);
        break;
    case Kind::real:
        out += Json(real()).dump();
        break;
    case Kind::text:
        out += quoted(text());
        break;
    case Kind::array:
        out += '[';
        each_element([&](Value value) {
            separate();
            value.dump(out);
        });
        out += ']';
        break;
    case Kind::object:
        out += '{';
        each_member([&](std::string_view name, Value value) {
            separate();
            out += quoted(name) + ':';
            value.dump(out);
        });
        out += '}';
        break;
    }
}

} // namespace mirra::json
