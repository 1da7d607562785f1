// mirra-train eval denoising: PSNR and SSIM of a denoiser bundle on a folder of clean pictures.
#pragma once

#include "mirra/runtime.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct DenoisingEvaluation {
    std::vector<std::filesystem::path> data;
    std::filesystem::path bundle;
    std::vector<double> sigmas{50}; ///< of 255
    bool clip = true;               ///< noisy pictures are clipped to [0, 1], as in the paper
    bool tell_sigma = false;        ///< tell the network the noise level, if it has the input
    bool compare = true;            ///< OpenCV's non-local means on the same noisy pictures
    double nlm_factor = 0.8;
    std::uint64_t seed = 16;
    std::int64_t count = 0; ///< pictures per folder at most; 0: all
    std::string precision = "fp32", device = "cpu";
    int threads = 0;
    std::filesystem::path csv, sheet; ///< written if not empty
    bool record = false;              ///< put the figures, and the loss of bf16, into the bundle's manifest
};

/// One line of the result.
struct DenoisingRow {
    std::string data, method;
    double sigma = 0;
    bool clipped = true;
    std::int64_t count = 0;
    double psnr = 0, psnr_deviation = 0;
    double ssim = 0; ///< of the pictures that are at least 11 pixels wide and high; NaN without one
    double seconds_per_megapixel = 0;
};

struct DenoisingResult {
    std::vector<DenoisingRow> rows;
    std::vector<std::string> skipped; ///< "path: reason" of every picture that could not be read
};

/// @param finished  called with the rows of a data folder and sigma as soon as they are measured
/// @throws Error
DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished = {});

/// Adds the subcommand of `eval`; `status` gets the exit status: 1 when pictures had to be skipped.
void add_denoising_evaluation(CLI::App &eval, int &status);

} // namespace mirra::trainer
