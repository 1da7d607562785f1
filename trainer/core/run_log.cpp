// Reading and writing the CSV log.
#include "core/run_log.hpp"

#include "mirra/file.hpp"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>

namespace mirra::trainer {
namespace {

double cell(const std::string &text) {
    try {
        return text.empty() ? std::numeric_limits<double>::quiet_NaN() : std::stod(text);
    } catch (const std::logic_error &) {
        return std::numeric_limits<double>::quiet_NaN();
    }
}

} // namespace

RunLog::RunLog(std::filesystem::path path, std::vector<std::string> columns, std::int64_t last_step)
    : path_(std::move(path))
    , columns_(std::move(columns)) {
    std::ifstream file(path_);
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        std::stringstream cells(line);
        std::string text;
        std::getline(cells, text, ',');
        const double step = cell(text);
        if (!(step <= static_cast<double>(last_step))) continue;
        LogRow row{.step = static_cast<std::int64_t>(step),
                   .values = std::vector<double>(columns_.size(), std::numeric_limits<double>::quiet_NaN())};
        for (auto &value : row.values) {
            text.clear();
            std::getline(cells, text, ',');
            value = cell(text);
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
    AtomicFile file(path_);
    file.write(text);
    file.commit();
}

} // namespace mirra::trainer
