// mirra-train eval stylization: how well stylizers give a content the statistics of a style, and keep its
// structure (Table 9).
#pragma once

#include "eval/float_picture.hpp"
#include "eval/statistics.hpp"
#include "report/sheet.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

/// The pictures that a sheet shows, gathered as they are measured; large ones are reduced.
class StylizationSheet {
  public:
    StylizationSheet() = default;
    /// @param contents,styles  of the evaluation; `count` of either, evenly spaced, are shown
    StylizationSheet(std::size_t contents, std::size_t styles, std::size_t count);

    [[nodiscard]] bool shows_content(std::size_t content) const;
    [[nodiscard]] bool shows_style(std::size_t style) const;
    /// Pictures that are not shown are passed over.
    void add_content(std::size_t content, const std::string &name, const FloatPicture &picture);
    void add_style(std::size_t style, const std::string &name, const FloatPicture &picture);
    /// @param stylizer  row of the table
    void add_result(std::size_t stylizer, std::size_t content, std::size_t style,
                    const FloatPicture &picture);

    /// One stylizer: the styles in the first row, the contents in the first column.
    [[nodiscard]] std::vector<SheetRow> grid(std::size_t stylizer) const;
    /// A row a content, each with another style: content, style, the result of each stylizer.
    /// @param names  of the stylizers, by row of the table
    [[nodiscard]] std::vector<SheetRow> comparison(const std::vector<std::string> &names) const;

  private:
    using Pair = std::pair<std::size_t, std::size_t>; ///< content, style
    [[nodiscard]] SheetCell result(std::size_t stylizer, Pair pair, const std::string &caption) const;

    std::vector<std::size_t> shown_contents_, shown_styles_;
    std::map<std::size_t, SheetCell> contents_, styles_;
    std::map<std::size_t, std::map<Pair, FloatPicture>> results_;
};

/// `path` with the stylizer's name and levels before its suffix: "sheet-ar-conv5-conv2-conv1.png".
std::filesystem::path sheet_of(const std::filesystem::path &path, const std::string &name,
                               const std::string &levels);

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

/// Prints the table and writes what is asked for.
/// @returns the process's exit status: 1 when pictures had to be skipped, 130 after Ctrl-C
/// @throws Error
int run_stylization_evaluation(const StylizationEvaluation &evaluation);

} // namespace mirra::trainer
