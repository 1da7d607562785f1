// How well stylizers give a content the statistics of a style, and keep its structure (Table 9).
#pragma once

#include "eval/similarity.hpp"
#include "eval/stylization_sheet.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct StylizationEvaluation {
    std::vector<std::string> contents, styles; ///< folders at any depth (their val/ or test/ if there is one)
    std::vector<std::filesystem::path> bundles;
    std::vector<std::string> levels; ///< lists in the order of their application; empty: each bundle's own
    std::vector<std::string> orders; ///< see ordered_levels()
    double strength = 1;
    std::int64_t extent = 224;                    ///< that contents and styles are resized to; 0: their own
    std::int64_t count = 0, style_count = 0;      ///< contents and styles, evenly spaced; 0: all
    std::uint64_t seed = 0;                       ///< moves the choice of both
    std::filesystem::path vgg19 = {};             ///< published weights; empty: VGG-19 is left out
    std::vector<std::filesystem::path> layers_of; ///< bundles; empty: those that are evaluated
    std::string precision = "fp32", device = "cpu";
    int threads = 0;
    std::filesystem::path csv = {}, sheet = {}, comparison = {}; ///< written if not empty
    std::size_t sheet_count = 6; ///< contents and styles of the sheet, rows of the comparison
};

/// A network over whose layers all rows are measured.
struct GramColumn {
    std::string network;
    std::vector<std::string> layers;
};
/// One row's Gram losses in such a column.
struct GramStatistics {
    Statistic sum;                 ///< over the layers, of a pair
    std::vector<Statistic> layers; ///< each alone
};

/// One stylizer with one list of levels.
struct StylizationRow {
    std::string name, architecture, norm;
    std::optional<double> epsilon;    ///< of the encoder's training; 0: standard; none: not known
    std::string levels;               ///< in the order of their application
    std::string plain;                ///< see plain_levels()
    Statistic ssim;                   ///< between content and result, of a pair
    std::vector<GramStatistics> gram; ///< between style and result, a column each
    double seconds = 0;               ///< per pair
};

struct StylizationResult {
    std::vector<GramColumn> columns;
    std::vector<StylizationRow> rows;
    std::int64_t contents = 0, styles = 0; ///< that were measured, each content with each style
    StylizationSheet sheet;                ///< a column of results a row of the table
    std::vector<std::string> skipped;      ///< "name: reason"
};

/// Every chosen content with every chosen style.
/// @throws Interrupted after Ctrl-C | Error
StylizationResult evaluate_stylization(const StylizationEvaluation &evaluation);

/// Of the mean, its values taken as independent; 0 for fewer than two.
double standard_error(const Statistic &statistic);

} // namespace mirra::trainer
