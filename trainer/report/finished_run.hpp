// What a finished training left: its record, log and bundle, checked to belong together.
#pragma once

#include "attacks/attack.hpp"
#include "core/run_folder.hpp"
#include "eval/robustness.hpp"
#include "mirra/bundle.hpp"
#include "report/table.hpp"
#include "tasks/encoder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct Measurement {
    std::string data, attack; ///< attack as recorded: "pgd-20", "autoattack", …
    Budget budget;
    std::int64_t count = 0; ///< pictures
    double clean = 0, robust = 0;

    [[nodiscard]] Interval clean_interval() const;
    [[nodiscard]] Interval robust_interval() const;
};

/// @param quality  Manifest::quality; rows of other measurements, and broken ones, are passed over
std::vector<Measurement> recorded_measurements(const std::string &quality);

/// The one of most pictures whose attack's name begins so, the strongest where several have as many; those
/// within `budget`, if there are any.
std::optional<Measurement> decisive(const std::vector<Measurement> &all, const std::string &attack,
                                    const Budget &budget);

/// What the bundle's manifest says of its training.
struct Origin {
    std::vector<std::string> data;
    std::string recipe, recipe_text, device, date, trainer, seed;
    std::int64_t pictures = 0, steps = 0, batch = 0, extent = 0;
};

/// A training's log; that of a level where each was trained by itself.
struct NamedLog {
    std::string name; ///< of the level; empty: there is only one
    RunLog log;
};

struct FinishedRun {
    std::filesystem::path folder, bundle_path;
    std::optional<RunRecord> record; ///< none: the run is of an older trainer
    std::vector<NamedLog> logs;      ///< one at least, of no rows where there is none yet
    std::shared_ptr<const bundle::Bundle> bundle;
    Origin origin;
    EncoderRecipe settings;                ///< of an encoder
    std::vector<Measurement> measurements; ///< of an encoder

    /// Whether it trained a classifier, of which a page says more than of other networks.
    [[nodiscard]] bool is_encoder() const { return bundle->manifest().graphs.contains("classifier"); }
    [[nodiscard]] const RunLog &log() const { return logs.front().log; }
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

std::string range(const Interval &interval);    ///< "92.6 to 93.6 %"
std::string ball(const Budget &budget);         ///< "ℓ2 ≤ 0.5", "ℓ∞ ≤ 8/255"
std::string attack_name(const std::string &id); ///< "PGD-20", "AutoAttack"

} // namespace mirra::trainer
