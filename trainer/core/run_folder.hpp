// What a training run leaves in its folder beside the checkpoint: log.csv, one row an interval, and run.json,
// what it was started with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
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

struct RunRecord {
    std::string command;                 ///< a shell line that makes this run
    std::filesystem::path directory;     ///< where it was given: relative paths start there
    std::vector<std::string> data;       ///< as given, see open_pictures()
    std::vector<std::string> validation; ///< empty: the data's own split
    std::filesystem::path output;        ///< the bundle
    std::string recipe, recipe_text;     ///< path, empty for the defaults; text with the command's overrides
    std::uint64_t seed = 0;
    std::string device, precision;
    std::int64_t pictures = 0, validation_pictures = 0; ///< 0: not known
    std::optional<std::int64_t> skipped;                ///< pictures that could not be read; known at the end
    std::int64_t epochs = 0;                            ///< of this run; 0: not known
    std::optional<std::int64_t> epochs_before; ///< of the rounds that it starts from; nothing: not known
    int processes = 1;                         ///< that train together
    std::string started;                       ///< as of utc_now()
    std::string trainer, libtorch;             ///< versions
};

/// Words as a POSIX shell reads them back, quoted where they must be.
std::string shell_line(const std::vector<std::string> &words);

/// Replaces FOLDER/run.json atomically. @throws Error io | not_found
void write_run_record(const std::filesystem::path &folder, const RunRecord &record);

/// Nothing where the folder has no run.json: a run of an older trainer. @throws Error corrupt | io | limit
std::optional<RunRecord> read_run_record(const std::filesystem::path &folder);

} // namespace mirra::trainer
