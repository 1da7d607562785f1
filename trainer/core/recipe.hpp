// Recipes: TOML files with every hyperparameter of a training run, and the one declaration of each setting
// that reading, overriding, help and documentation come from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

/// A parsed recipe. One thread.
class Recipe {
  public:
    /// Found as find_recipe() has it. @throws Error not_found | corrupt (with line and column)
    static Recipe load(const std::filesystem::path &path);
    /// The defaults for an empty path.
    static Recipe load_or_defaults(const std::filesystem::path &path);
    static Recipe parse(const std::string &text, const std::string &name);
    Recipe(Recipe &&) noexcept;
    Recipe &operator=(Recipe &&) noexcept;
    ~Recipe();

    /// Replaces a value, or adds it: what a command line overrides. source() becomes the recipe with it.
    void set(const std::string &key, bool value);
    void set(const std::string &key, double value);
    void set(const std::string &key, std::int64_t value);
    void set(const std::string &key, const std::string &value);
    void set(const std::string &key, const std::vector<double> &values);
    void set(const std::string &key, const std::vector<std::int64_t> &values);
    void set(const std::string &key, const std::vector<std::string> &values);

    /// The keys of all values: "data.batch".
    [[nodiscard]] std::vector<std::string> keys() const;
    [[nodiscard]] const std::string &name() const { return name_; }
    [[nodiscard]] const std::string &source() const { return source_; } ///< the file's text
    /// The recipe as text without some of its tables, or these alone: the same for recipes that say the same.
    [[nodiscard]] std::string without(const std::vector<std::string> &tables) const;
    [[nodiscard]] std::string only(const std::vector<std::string> &tables) const;

  private:
    friend class RecipeKeys;
    struct Table;
    Recipe();
    template<class Value> void replace(const std::string &key, const Value &value);

    std::unique_ptr<Table> table_;
    std::string name_, source_;
};

/// Numbers that a setting takes. A bound of 1e9 and more is none to people.
struct Range {
    double low = 0, high = 0;
    bool above = false; ///< low itself is not taken

    static constexpr Range any() {
        constexpr auto kMost = std::numeric_limits<double>::max();
        return {.low = -kMost, .high = kMost};
    }
};

/// "from 0 to 1", "above 0, at most 10", "of at least 1"
std::string text_of(const Range &range);

/// A setting as command lines, messages and tables of documentation need it.
struct RecipeKey {
    enum class Kind : std::uint8_t { real, integer, flag, text, choice, reals, integers, texts };
    std::string name; ///< "data.batch"; a part LAYER stands for any name
    Kind kind = Kind::real;
    std::string values;   ///< that it takes, in words: a range, a list of choices
    std::string fallback; ///< the default, as a recipe writes it
    std::string doc;
    Range range = Range::any();            ///< of a number
    std::vector<std::string> choices = {}; ///< of a choice

    /// For a range that hangs on other settings: only reading the recipe looks at it.
    void set_open_range(std::string words) {
        values = std::move(words);
        range = Range::any();
    }
};

/// "an integer of at least 1", "one of: l2, linf"
std::string described(const RecipeKey &key);

/// "'0' is not an integer of at least 1" of a value as text; empty where the key takes it.
std::string refusal_of(const RecipeKey &key, const std::string &value);

/// One pass over a task's settings. Its declarations name each key once, with the member that it sets, the
/// values that it takes and what it does; a member's value before is the default. With a recipe the members
/// get its values, in the order of the declarations; without one the keys are listed.
class RecipeKeys {
  public:
    RecipeKeys() = default;
    explicit RecipeKeys(const Recipe &recipe) : recipe_(&recipe) {}

    /// They return the key, for a text where its default or range hangs on other settings.
    /// @throws Error invalid_argument when the value has another type or is not among those
    RecipeKey &real(const std::string &name, double &member, const Range &range, const std::string &doc);
    RecipeKey &integer(const std::string &name, std::int64_t &member, const Range &range,
                       const std::string &doc);
    RecipeKey &seed(const std::string &name, std::uint64_t &member, const std::string &doc);
    RecipeKey &flag(const std::string &name, bool &member, const std::string &doc);
    RecipeKey &text(const std::string &name, std::string &member, const std::string &doc);
    RecipeKey &choice(const std::string &name, std::string &member, const std::vector<std::string> &choices,
                      const std::string &doc);
    /// Choices that stand for values.
    template<class Value>
    RecipeKey &choice(const std::string &name, Value &member,
                      const std::vector<std::pair<std::string, Value>> &choices, const std::string &doc) {
        std::vector<std::string> names;
        std::string chosen;
        for (const auto &[text, value] : choices) {
            names.push_back(text);
            if (value == member) chosen = text;
        }
        RecipeKey &key = choice(name, chosen, names, doc);
        for (const auto &[text, value] : choices)
            if (text == chosen) member = value;
        return key;
    }
    RecipeKey &reals(const std::string &name, std::vector<double> &member, const std::string &doc);
    RecipeKey &integers(const std::string &name, std::vector<std::int64_t> &member, const std::string &doc);
    RecipeKey &texts(const std::string &name, std::vector<std::string> &member, const std::string &doc);

    /// Without a recipe every key is declared, those too that other settings rule out.
    [[nodiscard]] bool listing() const { return recipe_ == nullptr; }
    [[nodiscard]] std::string recipe_name() const { return recipe_ ? recipe_->name() : "defaults"; }
    /// @throws Error invalid_argument naming the keys of the recipe that were not declared
    void finish() const;
    [[nodiscard]] const std::vector<RecipeKey> &list() const { return keys_; }

  private:
    template<class Value>
    RecipeKey &declare(const std::string &name, RecipeKey::Kind kind, Value &member,
                       const std::string &values, const std::string &doc);

    const Recipe *recipe_ = nullptr;
    std::vector<RecipeKey> keys_;
};

/// A task's settings from a recipe. @param out  the defaults @throws Error invalid_argument
template<class Settings> Settings read_recipe(const Recipe &recipe, Settings out = {}) {
    RecipeKeys keys(recipe);
    out.declare(keys);
    keys.finish();
    return out;
}

/// All keys of a task's recipes.
template<class Settings> std::vector<RecipeKey> recipe_keys(Settings defaults = {}) {
    RecipeKeys keys;
    defaults.declare(keys);
    return keys.list();
}

/// What a command line says instead of the recipe: keys and values as text.
using Overrides = std::map<std::string, std::string>;

/// The declaration of a key. @throws Error invalid_argument, the hint names keys that there are
const RecipeKey &key_of(const std::string &name, std::span<const RecipeKey> keys);

/// Puts values into the recipe as their keys have them. @throws Error invalid_argument
void apply(Recipe &recipe, const Overrides &overrides, std::span<const RecipeKey> keys);

} // namespace mirra::trainer
