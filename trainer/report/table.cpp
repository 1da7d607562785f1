#include "report/table.hpp"

#include "mirra/error.hpp"
#include "mirra/printable.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

std::string number_text(double value, const Digits &digits) {
    char text[400]; // the largest double has 309 digits before its point
    std::snprintf(text, sizeof text, digits.places ? "%.*f" : "%.*g", digits.count, value);
    return text;
}

/// Of a cell that has a value.
std::string cell_text(const Cell &cell, const Digits &digits) {
    if (const auto *yes = std::get_if<bool>(&cell)) return *yes ? "yes" : "no";
    if (const auto *whole = std::get_if<std::int64_t>(&cell)) return std::to_string(*whole);
    if (const auto *number = std::get_if<double>(&cell)) return number_text(*number, digits);
    return std::get<std::string>(cell);
}

bool is_missing(const Cell &cell) {
    return std::holds_alternative<std::monostate>(cell);
}

/// @param width  as of printf(): negative for text that stands to the left
std::string padded(const std::string &text, int width) {
    const auto size = static_cast<std::size_t>(std::abs(width));
    const std::string room(text.size() < size ? size - text.size() : 0, ' ');
    return width < 0 ? text + room : room + text;
}

/// What is measured with four places, settings as they are.
Json json_of(const Cell &cell, bool measured) {
    constexpr double kPlaces = 1e4;
    if (const auto *yes = std::get_if<bool>(&cell)) return *yes;
    if (const auto *whole = std::get_if<std::int64_t>(&cell)) return *whole;
    if (const auto *number = std::get_if<double>(&cell))
        return measured ? std::round(*number * kPlaces) / kPlaces : *number;
    return std::get<std::string>(cell);
}

bool is_zero(const Cell &cell) {
    return cell == Cell(false) || cell == Cell(std::int64_t{0}) || cell == Cell(0.0);
}

constexpr int kBrackets = 3; ///< " (" and ")"

/// Of a head: with the columns in brackets behind it.
int width_with_brackets(const std::vector<Column> &columns, std::size_t column) {
    int width = columns[column].shown.width;
    for (auto i = column + 1; i < columns.size() && columns[i].shown.in_brackets; ++i)
        width += (width < 0 ? -1 : 1) * (kBrackets + std::abs(columns[i].shown.width));
    return width;
}

} // namespace

void Table::add(Cells row) {
    if (row.size() != columns_.size())
        throw Error(ErrorCode::internal, "a row has not a cell for each column", "table");
    rows_.push_back(std::move(row));
}

std::string Table::head() const {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto &shown = columns_[i].shown;
        if (shown.hidden || shown.in_brackets) continue;
        if (!out.empty()) out += std::string(static_cast<std::size_t>(shown.gap), ' ');
        out += padded(shown.head, width_with_brackets(columns_, i));
    }
    return out + "\n";
}

std::string Table::line(std::size_t row) const {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto &shown = columns_[i].shown;
        const auto &cell = rows_.at(row)[i];
        if (shown.hidden) continue;
        const auto text = is_missing(cell) ? shown.missing : printable(cell_text(cell, shown.digits));
        if (shown.in_brackets)
            out += " (" + padded(text, shown.width) + ")";
        else if (shown.width != 0 || !text.empty())
            out += std::string(out.empty() ? 0 : static_cast<std::size_t>(shown.gap), ' ') +
                   padded(text, shown.width);
    }
    return out + "\n";
}

std::string Table::text() const {
    auto out = head();
    for (std::size_t i = 0; i < rows_.size(); ++i) out += line(i);
    return out;
}

std::string Table::csv() const {
    std::string out;
    const auto add_line = [&](const auto &field) {
        bool first = true;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            if (columns_[i].name.empty()) continue;
            if (!std::exchange(first, false)) out += ',';
            out += field(i);
        }
        out += '\n';
    };
    add_line([&](std::size_t i) { return csv_field(columns_[i].name); });
    for (const auto &row : rows_)
        add_line([&](std::size_t i) {
            return is_missing(row[i]) ? std::string() : csv_field(cell_text(row[i], columns_[i].digits));
        });
    return out;
}

std::vector<Json> Table::json() const {
    std::vector<Json> out;
    for (const auto &row : rows_) {
        auto &object = out.emplace_back(Json::object());
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (!columns_[i].name.empty())
                object[columns_[i].name] = is_missing(row[i]) ? Json() : json_of(row[i], false);
    }
    return out;
}

std::vector<Json> Table::entries() const {
    std::vector<Json> out;
    for (const auto &row : rows_) {
        auto &entry = out.emplace_back(Json::object());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto &[name, unless_zero] = columns_[i].recorded;
            if (!name.empty() && !is_missing(row[i]) && !(unless_zero && is_zero(row[i])))
                entry[name] = json_of(row[i], columns_[i].digits.places);
        }
    }
    return out;
}

void print(const std::string &text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

std::string csv_field(const std::string &whole) {
    const std::string text = printable(whole); // tables are looked at in terminals
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

std::string percent(double share, int places) {
    constexpr double kPercent = 100;
    return number_text(kPercent * share, {.count = places, .places = true}) + " %";
}

std::string grouped(std::int64_t number) {
    constexpr std::size_t kGroup = 3;
    const auto digits = std::to_string(number);
    const std::size_t first = number < 0 ? 1 : 0;
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > first && (digits.size() - i) % kGroup == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string short_number(double value) {
    return number_text(value, significant(6));
}

} // namespace mirra::trainer
