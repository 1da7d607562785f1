// The CSV log of a training run: one row an interval, kept across resumes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mirra::trainer {

struct LogRow {
    std::int64_t step = 0;
    std::vector<double> values; ///< NaN: not measured in this row, an empty cell
};

class RunLog {
  public:
    /// Reads what is there, without rows after `last_step` (they were made after the checkpoint). A column
    /// that the file's header does not name was not measured.
    /// @param columns  names of the values, without "step"
    RunLog(std::filesystem::path path, std::vector<std::string> columns, std::int64_t last_step);

    void add(LogRow row) { rows_.push_back(std::move(row)); }
    /// Rewrites the file atomically. @throws Error io
    void save() const;
    [[nodiscard]] const std::vector<LogRow> &rows() const { return rows_; }
    [[nodiscard]] const std::vector<std::string> &columns() const { return columns_; }

  private:
    std::filesystem::path path_;
    std::vector<std::string> columns_;
    std::vector<LogRow> rows_;
};

} // namespace mirra::trainer
