// Reading recipes with toml++.
#include "core/recipe.hpp"

#include "core/toml_guard.hpp"

#include "mirra/error.hpp"
#include "mirra/file.hpp"

#include <toml++/toml.h>

#include <sstream>

namespace mirra::trainer {

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

Recipe Recipe::load(const std::filesystem::path &path) {
    std::error_code unreadable;
    if (!std::filesystem::exists(path, unreadable))
        throw Error(ErrorCode::not_found, "there is no such recipe", path.string(),
                    "give one with --recipe; the standard ones are found from the repository's root");
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

void Recipe::wrong(const std::string &key, const std::string &expected) const {
    throw Error(ErrorCode::invalid_argument, "recipe: '" + key + "' must be " + expected, name_);
}

double Recipe::real(const std::string &key, double fallback, double minimum, double maximum) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    const auto value = node ? node.value<double>() : fallback;
    if (!value || !(*value >= minimum && *value <= maximum))
        wrong(key, "a number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    return *value;
}

std::int64_t Recipe::integer(const std::string &key, std::int64_t fallback, std::int64_t minimum,
                             std::int64_t maximum) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    const auto value = node ? node.value_exact<std::int64_t>() : fallback;
    if (!value || *value < minimum || *value > maximum)
        wrong(key, "an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    return *value;
}

bool Recipe::boolean(const std::string &key, bool fallback) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    const auto value = node ? node.value_exact<bool>() : fallback;
    if (!value) wrong(key, "true or false");
    return *value;
}

std::string Recipe::text(const std::string &key, const std::string &fallback) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    const auto value = node ? node.value_exact<std::string>() : fallback;
    if (!value) wrong(key, "a text in quotes");
    return *value;
}

std::string Recipe::choice(const std::string &key, const std::vector<std::string> &choices) {
    auto value = text(key, choices.front());
    std::string list;
    for (const auto &each : choices) {
        if (each == value) return value;
        list += (list.empty() ? "" : ", ") + each;
    }
    throw Error(ErrorCode::invalid_argument, "recipe: '" + key + "' is '" + value + "'", name_,
                "choose one of: " + list);
}

template<class Value> void Recipe::replace(const std::string &key, const Value &value) {
    auto *table = &table_->toml;
    std::size_t begin = 0;
    for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', begin)) {
        const auto name = key.substr(begin, dot - begin);
        if (!table->contains(name)) table->insert(name, toml::table());
        table = (*table)[name].as_table();
        if (table == nullptr) wrong(name, "a table");
        begin = dot + 1;
    }
    table->insert_or_assign(key.substr(begin), value);
    source_ = to_text(table_->toml);
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

std::vector<std::int64_t> Recipe::integers(const std::string &key,
                                           const std::vector<std::int64_t> &fallback) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    if (!node) return fallback;
    if (!node.is_array()) wrong(key, "a list of integers");
    std::vector<std::int64_t> values;
    for (const auto &item : *node.as_array()) {
        const auto value = item.value_exact<std::int64_t>();
        if (!value) wrong(key, "a list of integers");
        values.push_back(*value);
    }
    return values;
}

std::vector<std::string> Recipe::texts(const std::string &key, const std::vector<std::string> &fallback) {
    asked_.insert(key);
    const auto node = table_->toml.at_path(key);
    if (!node) return fallback;
    if (!node.is_array()) wrong(key, "a list of texts");
    std::vector<std::string> values;
    for (const auto &item : *node.as_array()) {
        const auto value = item.value_exact<std::string>();
        if (!value) wrong(key, "a list of texts");
        values.push_back(*value);
    }
    return values;
}

void Recipe::finish() const {
    std::vector<std::string> keys;
    collect(table_->toml, "", keys);
    std::string unknown;
    for (const auto &key : keys)
        if (!asked_.contains(key)) unknown += (unknown.empty() ? "" : ", ") + key;
    if (!unknown.empty())
        throw Error(ErrorCode::invalid_argument, "recipe: unknown keys: " + unknown, name_,
                    "check the spelling against the recipes in trainer/recipes");
}

} // namespace mirra::trainer
