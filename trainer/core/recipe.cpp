// Reading recipes with toml++, and the settings that are declared of them.
#include "core/recipe.hpp"

#include "core/data_files.hpp"
#include "core/text.hpp"
#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <sstream>
#include <variant>

namespace mirra::trainer {
namespace {

constexpr std::size_t kMostDots = 16, kMostDepth = 16, kMostValues = 1u << 16;

class Scan {
  public:
    Scan(std::string_view text, const std::string &name) : text_(text), name_(name) {}

    void run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"' || c == '\'')
                skip_string(c);
            else if (c == '#')
                at_ = std::min(text_.find('\n', at_), text_.size());
            else
                count(text_[at_++]);
        }
    }

  private:
    void count(char c) {
        if (c == '.') return more(dots_, kMostDots, "dots in one key");
        if (c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') dots_ = 0;
        if (c == '[' || c == '{') more(depth_, kMostDepth, "brackets inside of each other");
        if ((c == ']' || c == '}') && depth_ > 0) --depth_;
        if (c == '=' || c == ',' || c == '[') more(values_, kMostValues, "keys and values");
    }

    void more(std::size_t &counter, std::size_t most, const char *what) {
        if (++counter <= most) return;
        const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
        throw Error(ErrorCode::limit,
                    "recipe: line " + std::to_string(line) + ": more than " + std::to_string(most) + " " +
                        what,
                    name_, "recipes are simple: see mirra-train recipe");
    }

    /// Of one or three quotes. One that does not end is the parser's to refuse.
    void skip_string(char quote) {
        const bool several = text_.substr(at_, 3) == std::string(3, quote);
        const std::string_view end = several ? text_.substr(at_, 3) : text_.substr(at_, 1);
        at_ += end.size();
        while (at_ < text_.size()) {
            if (quote == '"' && text_[at_] == '\\') {
                at_ += 2;
            } else if (text_.substr(at_, end.size()) == end) {
                at_ += end.size();
                // Up to two quotes before the end belong to a long string.
                for (int i = 0; several && i < 2 && text_.substr(at_, 1) == end.substr(0, 1); ++i) ++at_;
                return;
            } else if (text_[at_] == '\n' && !several) {
                return;
            } else {
                ++at_;
            }
        }
    }

    std::string_view text_;
    const std::string &name_;
    std::size_t at_ = 0, dots_ = 0, depth_ = 0, values_ = 0;
};

/// toml++ keeps a table for each part of a dotted key and walks nested ones by recursion: 500,000 dots end
/// the process. No recipe comes near the bounds. @throws Error limit, naming the line
void check_toml(std::string_view text, const std::string &name) {
    Scan(text, name).run();
}

} // namespace

struct Recipe::Table {
    toml::table toml;
};

namespace {

constexpr std::uint64_t kLargestRecipe = 1 << 16; // with room around it in the bundle's provenance

void collect(const toml::table &table, const std::string &prefix, std::vector<std::string> &keys) {
    for (const auto &[key, value] : table) {
        const std::string path = prefix + std::string(key.str());
        if (const auto *inner = value.as_table())
            collect(*inner, path + ".", keys);
        else
            keys.push_back(path);
    }
}

template<class Item> toml::array array_of(const std::vector<Item> &items) {
    toml::array out;
    for (const auto &item : items) out.push_back(item);
    return out;
}

std::string to_text(const toml::table &table) {
    std::ostringstream text;
    text << table << '\n';
    return text.str();
}

} // namespace

Recipe::Recipe() : table_(std::make_unique<Table>()) {}
Recipe::Recipe(Recipe &&) noexcept = default;
Recipe &Recipe::operator=(Recipe &&) noexcept = default;
Recipe::~Recipe() = default;

Recipe Recipe::load(const std::filesystem::path &named) {
    const auto path = find_recipe(named);
    std::error_code unreadable;
    if (!std::filesystem::exists(path, unreadable))
        throw Error(ErrorCode::not_found, "there is no such recipe", named.string(),
                    "give a file with --recipe, or one of those that come along: " + joined(recipe_names()));
    const auto bytes = read_file(path, kLargestRecipe);
    return parse(std::string(reinterpret_cast<const char *>(bytes.data()), bytes.size()), path.string());
}

Recipe Recipe::load_or_defaults(const std::filesystem::path &path) {
    return path.empty() ? parse("", "defaults") : load(path);
}

Recipe Recipe::parse(const std::string &text, const std::string &name) {
    Recipe recipe;
    recipe.name_ = name;
    recipe.source_ = text;
    check_toml(text, name);
    try {
        recipe.table_->toml = toml::parse(text);
    } catch (const toml::parse_error &error) {
        const auto where = error.source().begin;
        throw Error(ErrorCode::corrupt,
                    "recipe: line " + std::to_string(where.line) + ", column " +
                        std::to_string(where.column) + ": " + std::string(error.description()),
                    name, "correct the TOML syntax there");
    }
    return recipe;
}

template<class Value> void Recipe::replace(const std::string &key, const Value &value) {
    auto *table = &table_->toml;
    std::size_t begin = 0;
    for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', begin)) {
        const auto name = key.substr(begin, dot - begin);
        if (!table->contains(name)) table->insert(name, toml::table());
        table = (*table)[name].as_table();
        if (table == nullptr)
            throw Error(ErrorCode::invalid_argument, "recipe: '" + name + "' must be a table", name_);
        begin = dot + 1;
    }
    table->insert_or_assign(key.substr(begin), value);
    source_ = to_text(table_->toml);
}

void Recipe::set(const std::string &key, bool value) {
    replace(key, value);
}
void Recipe::set(const std::string &key, double value) {
    replace(key, value);
}
void Recipe::set(const std::string &key, std::int64_t value) {
    replace(key, value);
}
void Recipe::set(const std::string &key, const std::string &value) {
    replace(key, value);
}
void Recipe::set(const std::string &key, const std::vector<double> &values) {
    replace(key, array_of(values));
}
void Recipe::set(const std::string &key, const std::vector<std::int64_t> &values) {
    replace(key, array_of(values));
}
void Recipe::set(const std::string &key, const std::vector<std::string> &values) {
    replace(key, array_of(values));
}

std::vector<std::string> Recipe::keys() const {
    std::vector<std::string> out;
    collect(table_->toml, "", out);
    return out;
}

std::string Recipe::without(const std::vector<std::string> &tables) const {
    toml::table rest = table_->toml;
    for (const auto &name : tables) rest.erase(name);
    return to_text(rest);
}

std::string Recipe::only(const std::vector<std::string> &tables) const {
    toml::table taken;
    for (const auto &name : tables)
        if (const auto *node = table_->toml.get(name)) taken.insert(name, *node);
    return to_text(taken);
}

namespace {

using Kind = RecipeKey::Kind;

/// As people write it: the shortest text that is read back as the same number.
std::string written(double value) {
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}
std::string written(std::int64_t value) {
    return std::to_string(value);
}
std::string written(bool value) {
    return value ? "true" : "false";
}
std::string written(const std::string &value) {
    return '"' + value + '"';
}
template<class Item> std::string written(const std::vector<Item> &values) {
    std::vector<std::string> parts;
    for (const auto &value : values) parts.push_back(written(value));
    return "[" + joined(parts) + "]";
}

/// The value of a node, if it is of the member's type. A whole number is a real one too.
std::optional<double> value_in(const toml::node &node, double) {
    return node.value<double>();
}
template<class Value> std::optional<Value> value_in(const toml::node &node, const Value &) {
    return node.value_exact<Value>();
}
template<class Item>
std::optional<std::vector<Item>> value_in(const toml::node &node, const std::vector<Item> &) {
    const auto *array = node.as_array();
    if (array == nullptr) return std::nullopt;
    std::vector<Item> out;
    for (const auto &item : *array) {
        const auto value = value_in(item, Item());
        if (!value) return std::nullopt;
        out.push_back(*value);
    }
    return out;
}

bool is_open(const Range &range) {
    constexpr double kUnbounded = 1e8;
    return range.high >= kUnbounded;
}

/// Of ranges that are as good as open the documents do not name the end; who is beyond it must know.
std::string end_of(const RecipeKey &key) {
    const bool number = key.kind == Kind::real || key.kind == Kind::integer;
    return number && is_open(key.range) ? " and at most " + written(key.range.high) : "";
}

[[noreturn]] void wrong(const RecipeKey &key, const std::string &recipe) {
    throw Error(ErrorCode::invalid_argument,
                "recipe: '" + key.name + "' must be " + described(key) + end_of(key), recipe);
}

bool within(double value, const Range &range) {
    return (range.above ? value > range.low : value >= range.low) && value <= range.high;
}

/// Parts between dots are the same; LAYER is any.
bool matches(const std::string &pattern, const std::string &name) {
    std::istringstream wanted(pattern), given(name);
    std::string a, b;
    while (std::getline(wanted, a, '.')) {
        if (!std::getline(given, b, '.') || b.empty() || (a != "LAYER" && a != b)) return false;
    }
    return !std::getline(given, b, '.');
}

std::string table_of(const std::string &key) {
    const auto dot = key.rfind('.');
    return dot == std::string::npos ? "" : key.substr(0, dot);
}

/// Keys beside a misspelt one: those of its table, else all tables.
std::string keys_near(const std::string &name, std::span<const RecipeKey> keys) {
    std::vector<std::string> near, tables;
    for (const auto &key : keys) {
        const auto table = table_of(key.name);
        if (table == table_of(name)) near.push_back(key.name);
        if (std::ranges::find(tables, table) == tables.end() && !table.empty()) tables.push_back(table);
    }
    return near.empty() ? "there are the tables " + joined(tables) : "there are: " + joined(near);
}

std::string_view unquoted(std::string_view text) {
    const bool quoted = text.size() > 1 && text.starts_with('"') && text.ends_with('"');
    return quoted ? text.substr(1, text.size() - 2) : text;
}

/// Of "48,96" or "[48, 96]", texts with or without quotes; nothing where it is no such list.
std::optional<std::vector<std::string>> items_of(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('[') != text.ends_with(']')) return std::nullopt;
    if (text.starts_with('[')) text = trimmed(text.substr(1, text.size() - 2));
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = std::min(text.find(','), text.size());
        const auto item = unquoted(trimmed(text.substr(0, comma)));
        if (item.empty() || item.find_first_of("[]\" \t") != std::string_view::npos) return std::nullopt;
        out.emplace_back(item);
        text = trimmed(text.substr(std::min(comma + 1, text.size())));
    }
    return out;
}

template<class Number> std::optional<std::vector<Number>> numbers_of(const std::string &text) {
    const auto items = items_of(text);
    if (!items) return std::nullopt;
    std::vector<Number> out;
    for (const auto &item : *items) {
        const auto number = number_of<Number>(item);
        if (!number) return std::nullopt;
        out.push_back(*number);
    }
    return out;
}

using Parsed = std::variant<bool, double, std::int64_t, std::string, std::vector<double>,
                            std::vector<std::int64_t>, std::vector<std::string>>;

template<class Number> std::optional<Parsed> number_within(const Range &range, const std::string &text) {
    const auto number = number_of<Number>(text);
    if (!number || !within(static_cast<double>(*number), range)) return std::nullopt;
    return *number;
}

/// Nothing where the key does not take it.
std::optional<Parsed> value_of(const RecipeKey &key, const std::string &text) {
    switch (key.kind) {
    case Kind::real:
        return number_within<double>(key.range, text);
    case Kind::integer:
        return number_within<std::int64_t>(key.range, text);
    case Kind::flag:
        if (text != "true" && text != "false") return std::nullopt;
        return text == "true";
    case Kind::text:
        return text;
    case Kind::choice:
        if (std::ranges::find(key.choices, text) == key.choices.end()) return std::nullopt;
        return text;
    case Kind::texts:
        return items_of(text);
    case Kind::reals:
        return numbers_of<double>(text);
    case Kind::integers:
        return numbers_of<std::int64_t>(text);
    }
    return std::nullopt;
}

} // namespace

std::string described(const RecipeKey &key) {
    switch (key.kind) {
    case Kind::real:
        return "a number " + key.values;
    case Kind::integer:
        return "an integer " + key.values;
    case Kind::flag:
        return "true or false";
    case Kind::text:
        return "a text in quotes";
    case Kind::choice:
        return "one of: " + key.values;
    case Kind::reals:
        return "a list of numbers";
    case Kind::integers:
        return "a list of integers";
    case Kind::texts:
        return "a list of texts";
    }
    return {};
}

std::string refusal_of(const RecipeKey &key, const std::string &value) {
    constexpr std::size_t kMostOfValue = 80, kMostOfWords = 200;
    if (value_of(key, value)) return {};
    const auto number = number_of<double>(value);
    const bool too_large = number && *number > key.range.high;
    return "'" + value.substr(0, kMostOfValue) + "' is not " + described(key).substr(0, kMostOfWords) +
           (too_large ? end_of(key) : "");
}

std::string text_of(const Range &range) {
    const auto low = written(range.low);
    if (is_open(range)) return range.above ? "above " + low : "of at least " + low;
    if (range.above) return "above " + low + ", at most " + written(range.high);
    return "from " + low + " to " + written(range.high);
}

template<class Value>
RecipeKey &RecipeKeys::declare(const std::string &name, Kind kind, Value &member, const std::string &values,
                               const std::string &doc) {
    auto &key = keys_.emplace_back(
        RecipeKey{.name = name, .kind = kind, .values = values, .fallback = written(member), .doc = doc});
    if (recipe_ == nullptr) return key;
    if (const auto node = recipe_->table_->toml.at_path(name)) {
        const auto value = value_in(*node.node(), member);
        if (!value) wrong(key, recipe_->name());
        member = *value;
    }
    return key;
}

RecipeKey &RecipeKeys::real(const std::string &name, double &member, const Range &range,
                            const std::string &doc) {
    auto &key = declare(name, Kind::real, member, text_of(range), doc);
    key.range = range;
    if (!listing() && !within(member, range)) wrong(key, recipe_->name());
    return key;
}

RecipeKey &RecipeKeys::integer(const std::string &name, std::int64_t &member, const Range &range,
                               const std::string &doc) {
    auto &key = declare(name, Kind::integer, member, text_of(range), doc);
    key.range = range;
    if (!listing() && !within(static_cast<double>(member), range)) wrong(key, recipe_->name());
    return key;
}

RecipeKey &RecipeKeys::seed(const std::string &name, std::uint64_t &member, const std::string &doc) {
    auto value = static_cast<std::int64_t>(member);
    auto &key = integer(name, value, {0, static_cast<double>(std::numeric_limits<std::int64_t>::max())}, doc);
    member = static_cast<std::uint64_t>(value);
    return key;
}

RecipeKey &RecipeKeys::flag(const std::string &name, bool &member, const std::string &doc) {
    return declare(name, Kind::flag, member, "true, false", doc);
}

RecipeKey &RecipeKeys::text(const std::string &name, std::string &member, const std::string &doc) {
    return declare(name, Kind::text, member, "", doc);
}

RecipeKey &RecipeKeys::choice(const std::string &name, std::string &member,
                              const std::vector<std::string> &choices, const std::string &doc) {
    auto &key = declare(name, Kind::choice, member, joined(choices), doc);
    key.choices = choices;
    if (!listing() && std::ranges::find(choices, member) == choices.end())
        throw Error(ErrorCode::invalid_argument, "recipe: '" + name + "' is '" + member + "'",
                    recipe_->name(), "choose one of: " + joined(choices));
    return key;
}

RecipeKey &RecipeKeys::reals(const std::string &name, std::vector<double> &member, const std::string &doc) {
    return declare(name, Kind::reals, member, "numbers", doc);
}

RecipeKey &RecipeKeys::integers(const std::string &name, std::vector<std::int64_t> &member,
                                const std::string &doc) {
    return declare(name, Kind::integers, member, "integers", doc);
}

RecipeKey &RecipeKeys::texts(const std::string &name, std::vector<std::string> &member,
                             const std::string &doc) {
    return declare(name, Kind::texts, member, "texts", doc);
}

void RecipeKeys::finish() const {
    if (recipe_ == nullptr) return;
    std::vector<std::string> unknown;
    for (const auto &name : recipe_->keys())
        if (std::ranges::find(keys_, name, &RecipeKey::name) == keys_.end()) unknown.push_back(name);
    if (!unknown.empty())
        throw Error(ErrorCode::invalid_argument, "recipe: unknown keys: " + joined(unknown), recipe_->name(),
                    keys_near(unknown.front(), keys_) + "; see mirra-train recipe");
}

const RecipeKey &key_of(const std::string &name, std::span<const RecipeKey> keys) {
    const auto found = std::ranges::find_if(keys, [&](const auto &key) { return matches(key.name, name); });
    if (found == keys.end())
        throw Error(ErrorCode::invalid_argument, "recipes have no key '" + name.substr(0, 80) + "'", "--set",
                    keys_near(name, keys) + "; see mirra-train recipe");
    return *found;
}

void apply(Recipe &recipe, const Overrides &overrides, std::span<const RecipeKey> keys) {
    for (const auto &[name, value] : overrides) {
        const auto &key = key_of(name, keys);
        const auto taken = value_of(key, value);
        if (!taken)
            throw Error(ErrorCode::invalid_argument, refusal_of(key, value), name, "see mirra-train recipe");
        std::visit([&](const auto &each) { recipe.set(name, each); }, *taken);
    }
}

} // namespace mirra::trainer
