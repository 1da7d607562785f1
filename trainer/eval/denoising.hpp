// mirra-train eval denoising: PSNR and SSIM of denoiser bundles on folders of clean pictures.
#pragma once

#include "eval/denoising_noise.hpp"
#include "eval/paper_inversion.hpp"
#include "report/sheet.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

struct DenoisingEvaluation {
    std::vector<std::filesystem::path> data, bundles;
    std::vector<PictureNoise> noises;
    bool gray = false;       ///< pictures turned to gray, the same noise in all channels
    bool tell_sigma = false; ///< tell the networks the noise level, those that have the input
    bool compare = true;     ///< OpenCV's non-local means on the same noisy pictures
    double nlm_factor = 0.8;
    std::uint64_t seed = 16;
    std::int64_t count = 0; ///< pictures per folder at most; 0: all
    std::string precision = "fp32", device = "cpu";
    int threads = 0;
    std::filesystem::path csv, sheet; ///< written if not empty
    std::int64_t sheet_rows = 4;      ///< pictures of the sheet: the first, with the first noise
    std::optional<std::pair<int, int>> sheet_corner; ///< of the part that it shows at its size; none: middle
    bool record = false; ///< put the figures, and the loss of bf16, into the bundles' manifests
};

/// One line of the result.
struct DenoisingRow {
    std::string data, method;
    std::filesystem::path bundle; ///< empty: the method is no bundle
    PictureNoise noise;
    bool gray = false;
    std::int64_t count = 0;
    double psnr = 0, psnr_deviation = 0;
    double ssim = 0; ///< of the pictures that are at least 11 pixels wide and high; NaN without one
    double seconds_per_megapixel = 0;
    std::optional<PaperFigure> paper; ///< beside a bundle that was measured as in the paper
};

struct DenoisingResult {
    std::vector<DenoisingRow> rows;
    std::vector<std::string> skipped; ///< "path: reason" of every picture that could not be read
    std::vector<SheetRow> sheet;      ///< empty unless asked for
};

/// All methods get the same noisy pictures.
/// @param finished  called with the rows of a data folder and a noise as soon as they are measured
/// @throws Error
DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished = {});

} // namespace mirra::trainer
