// mirra-train eval inversion, scale, highres, robustness-curve: how well inverters give pictures back
// (paper section 4, Tables 1 to 6, A1, A2).
#pragma once

#include "eval/float_picture.hpp"
#include "eval/paper.hpp"
#include "eval/pictures.hpp"
#include "eval/similarity.hpp"
#include "mirra/bundle.hpp"
#include "mirra/runtime.hpp"
#include "mirra/tiling.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace mirra::trainer {

struct InversionEvaluation {
    std::vector<std::filesystem::path> bundles;
    std::vector<std::string>
        data;                ///< folders at any depth (their val/ or test/ where there is one), cifar10:DIR
    std::int64_t extent = 0; ///< pictures are resized to it; 0: the first bundle's extent of training
    bool native = false;     ///< pictures keep their own size
    std::vector<std::int64_t> scales{1}; ///< factors of the extent
    std::int64_t count = 0;              ///< pictures, evenly spaced over the set; 0: all
    std::string precision = "fp32", device = "cpu";
    int threads = 0;
    std::filesystem::path lpips = {}; ///< bundle with LPIPS's published weights; empty: LPIPS is left out
    std::size_t sheet_rows = 6;
    std::filesystem::path csv = {}, sheet = {}, plot = {}; ///< written if not empty
    bool record = false;                                   ///< put the figures into the bundles' manifests
};

/// What an inverter is, from its manifest.
struct InverterInfo {
    std::string name, architecture, layer, loss;
    std::string norm;
    std::optional<double> epsilon; ///< of the encoder's training; 0: standard; none: not known
    std::int64_t extent = 0;       ///< of the training's pictures; 0: not known
};

/// @throws Error mismatch (no inverter) | corrupt
InverterInfo inverter_info(const bundle::Bundle &bundle, const std::filesystem::path &path);

struct InversionRow {
    InverterInfo inverter;        ///< the row of the mean colour has no layer
    std::filesystem::path bundle; ///< empty for the mean colour
    std::int64_t extent = 0;      ///< that pictures were resized to; 0: their own
    std::int64_t scale = 1;
    Similarity similarity;
    double seconds = 0; ///< per picture
};

struct InversionResult {
    std::vector<InversionRow> rows; ///< scale by scale, the mean colour first
    std::vector<SheetRow> sheet;
    std::vector<std::string> skipped; ///< "name: reason" of every picture that could not be read
};

/// @param finished  called with every row as soon as it is measured
/// @throws Error
InversionResult evaluate_inversion(const InversionEvaluation &evaluation,
                                   const std::function<void(const InversionRow &)> &finished = {});

/// The picture's mean colour everywhere: what an inverter must clearly beat.
FloatPicture mean_color(const FloatPicture &picture);

/// PSNR and SSIM with their deviations, four columns.
std::vector<Column> similarity_columns();
/// A row an inverter and scale; the paper's figures stand beside.
Table inversion_table();
void add_row(Table &table, const InversionEvaluation &evaluation, const InversionRow &row,
             const std::optional<PaperFigure> &paper);

/// Puts the rows of each bundle into its manifest, in the place of older ones of the same
/// measurement. @throws Error io
void record_inversion(const InversionEvaluation &evaluation, const InversionResult &result);

} // namespace mirra::trainer
