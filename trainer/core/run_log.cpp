// Reading and writing the CSV log.
#include "core/run_log.hpp"

#include "mirra/file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

namespace mirra::trainer {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double cell(const std::string &text) {
    try {
        return text.empty() ? kNaN : std::stod(text);
    } catch (const std::logic_error &) {
        return kNaN;
    }
}

std::vector<std::string> cells_of(const std::string &line) {
    constexpr std::size_t kMost = 256; // logs have a dozen
    std::vector<std::string> out;
    std::stringstream cells(line);
    for (std::string text; out.size() < kMost && std::getline(cells, text, ',');) out.push_back(text);
    return out;
}

} // namespace

RunLog::RunLog(std::filesystem::path path, std::vector<std::string> columns, std::int64_t last_step)
    : path_(std::move(path))
    , columns_(std::move(columns)) {
    std::ifstream file(path_);
    std::string line;
    std::getline(file, line);
    const auto header = cells_of(line);
    while (std::getline(file, line)) {
        const auto cells = cells_of(line);
        const double step = cells.empty() ? kNaN : cell(cells.front());
        if (!(step <= static_cast<double>(last_step))) continue;
        LogRow row{.step = static_cast<std::int64_t>(step), .values = {}};
        for (const auto &column : columns_) {
            const auto at = static_cast<std::size_t>(std::ranges::find(header, column) - header.begin());
            row.values.push_back(at < std::min(header.size(), cells.size()) ? cell(cells[at]) : kNaN);
        }
        rows_.push_back(std::move(row));
    }
}

void RunLog::save() const {
    std::string text = "step";
    for (const auto &column : columns_) text += "," + column;
    text += "\n";
    for (const auto &row : rows_) {
        text += std::to_string(row.step);
        for (const double value : row.values) {
            char number[40] = "";
            if (!std::isnan(value)) std::snprintf(number, sizeof number, "%.6g", value);
            text += std::string(",") + number;
        }
        text += "\n";
    }
    write_file(path_, text);
}

} // namespace mirra::trainer
