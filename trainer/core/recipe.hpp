// Recipes: TOML files with every hyperparameter of a training run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A parsed recipe. Each value is asked for by its dotted key with a default; finish() reports keys that
/// nothing asked for, so that a misspelt one never passes in silence. One thread.
class Recipe {
  public:
    /// @throws Error not_found | corrupt (with line and column)
    static Recipe load(const std::filesystem::path &path);
    /// The defaults for an empty path.
    static Recipe load_or_defaults(const std::filesystem::path &path);
    static Recipe parse(const std::string &text, const std::string &name);
    Recipe(Recipe &&) noexcept;
    Recipe &operator=(Recipe &&) noexcept;
    ~Recipe();

    /// @throws Error invalid_argument when the value has another type or lies outside of [minimum, maximum]
    double real(const std::string &key, double fallback, double minimum, double maximum);
    std::int64_t integer(const std::string &key, std::int64_t fallback, std::int64_t minimum,
                         std::int64_t maximum);
    bool boolean(const std::string &key, bool fallback);
    std::string text(const std::string &key, const std::string &fallback);
    /// A text that is one of `choices`; the first is the default.
    std::string choice(const std::string &key, const std::vector<std::string> &choices);
    std::vector<std::int64_t> integers(const std::string &key, const std::vector<std::int64_t> &fallback);
    std::vector<std::string> texts(const std::string &key, const std::vector<std::string> &fallback);

    /// Replaces a value, or adds it: what a command line overrides. source() becomes the recipe with it.
    void set(const std::string &key, double value);
    void set(const std::string &key, std::int64_t value);
    void set(const std::string &key, const std::string &value);
    /// The same where there is a value.
    template<class Value> void set(const std::string &key, const std::optional<Value> &value) {
        if (value) set(key, *value);
    }

    /// @throws Error invalid_argument naming the unknown keys
    void finish() const;
    [[nodiscard]] const std::string &name() const { return name_; }
    [[nodiscard]] const std::string &source() const { return source_; } ///< the file's text
    /// The recipe as text without some of its tables, or these alone: the same for recipes that say the same.
    [[nodiscard]] std::string without(const std::vector<std::string> &tables) const;
    [[nodiscard]] std::string only(const std::vector<std::string> &tables) const;

  private:
    struct Table;
    Recipe();
    template<class Value> void replace(const std::string &key, const Value &value);
    [[noreturn]] void wrong(const std::string &key, const std::string &expected) const;

    std::unique_ptr<Table> table_;
    std::set<std::string> asked_;
    std::string name_, source_;
};

} // namespace mirra::trainer
