// What a finished encoder training left: its record, log and bundle, checked to belong together.
#pragma once

#include "core/run_log.hpp"
#include "core/run_record.hpp"
#include "mirra/bundle.hpp"
#include "report/measurements.hpp"
#include "tasks/encoder_recipe.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What the bundle's manifest says of its training.
struct Origin {
    std::vector<std::string> data;
    std::string recipe, recipe_text, device, date, trainer;
    std::int64_t pictures = 0, steps = 0, batch = 0, extent = 0;
};

struct FinishedRun {
    std::filesystem::path folder, bundle_path;
    std::optional<RunRecord> record; ///< none: the run is of an older trainer
    RunLog log;
    std::shared_ptr<const bundle::Bundle> bundle;
    Origin origin;
    EncoderRecipe settings;
    std::vector<Measurement> measurements;

    /// The exact text, with what the command line overrode.
    [[nodiscard]] const std::string &recipe_text() const;
    /// The training's pictures for validation as sources, relative paths resolved; empty: not known.
    [[nodiscard]] std::vector<std::string> validation_sources() const;
    /// What it was trained against; for a standard training what it was validated against.
    [[nodiscard]] Budget budget() const;
    /// The last row of the log in which this column has a value.
    [[nodiscard]] std::optional<double> last(const std::string &column) const;
};

/// @param bundle  where the bundle is; empty: beside the folder, or where the record says
/// @throws Error not_found (no such run, no bundle yet) | mismatch (the bundle is of another run) | corrupt
FinishedRun read_finished_run(const std::filesystem::path &folder, const std::filesystem::path &bundle);

} // namespace mirra::trainer
