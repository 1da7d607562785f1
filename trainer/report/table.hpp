// A table of results: its columns are described once, and it is printed as text, CSV, JSON and entries of a
// manifest.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mirra::trainer {

/// Missing, yes or no, a whole number, a number, or text.
using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
using Cells = std::vector<Cell>;

/// How many digits a number is written with: so many after the point, or so many in all at most.
struct Digits {
    int count = 6;
    bool places = false;
};
constexpr Digits places(int count) {
    return {.count = count, .places = true};
}
constexpr Digits significant(int count) {
    return {.count = count, .places = false};
}

/// How a column is printed as text.
struct Shown {
    std::string head = {};
    int width = 0; ///< negative: to the left; 0: as long as it is
    Digits digits = {};
    int gap = 1;              ///< spaces before it
    std::string missing = {}; ///< for a cell without a value
    bool in_brackets = false; ///< an error or deviation behind the number before it, under the same head
    bool hidden = false;
};

/// How a column is kept in a manifest: numbers with four places where CSV has them by places, else exactly.
struct Recorded {
    std::string name = {}; ///< empty: it is not
    bool unless_zero = false;
};

struct Column {
    std::string name = {}; ///< in CSV and JSON; empty: it is in neither
    Digits digits = {};    ///< in CSV; JSON has all
    Shown shown = {.hidden = true};
    Recorded recorded = {};
};

class Table {
  public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// @param row  a cell a column
    void add(Cells row);

    [[nodiscard]] std::string head() const;
    /// The line of a row, of the last one where none is given.
    [[nodiscard]] std::string line(std::size_t row) const;
    [[nodiscard]] std::string line() const { return line(rows_.size() - 1); }
    /// The head and all lines.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string csv() const;
    [[nodiscard]] std::vector<nlohmann::ordered_json> json() const;
    /// What a manifest keeps of the rows.
    [[nodiscard]] std::vector<nlohmann::ordered_json> entries() const;

  private:
    std::vector<Column> columns_;
    std::vector<Cells> rows_;
};

/// Onto standard output, at once.
void print(const std::string &text);

/// As snprintf() formats it.
template<class... Values> std::string formatted(const char *format, Values... values) {
    char text[256];
    std::snprintf(text, sizeof text, format, values...);
    return text;
}

/// Quoted where it would be read as several (RFC 4180).
std::string csv_field(const std::string &text);

std::string percent(double share, int places = 1); ///< "93.1 %"
std::string grouped(std::int64_t number);          ///< "12,000"
std::string short_number(double value);            ///< "0.5", at most six digits

} // namespace mirra::trainer
