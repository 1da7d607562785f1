// mirra-train eval denoising: PSNR and SSIM of denoisers on folders of clean pictures with synthetic noise
// (Table 10).
#pragma once

#include "eval/float_picture.hpp"
#include "eval/paper.hpp"
#include "report/sheet.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

/// b = x + sqrt(gain x + sigma^2) n with n from N(0, 1): Gaussian noise, or with a gain that of a sensor
/// (Foi, Trimeche, Katkovnik, Egiazarian: Practical Poissonian-Gaussian Noise Modeling and Fitting for
/// Single-Image Raw-Data, 2008). Both are of 255: in units of 1/255 of the display range.
struct PictureNoise {
    double sigma = 0;    ///< of the signal's noise-free part: the read noise
    double gain = 0;     ///< levels per photon; 0: Gaussian noise
    bool clipped = true; ///< to [0, 1], as in the paper

    [[nodiscard]] bool operator==(const PictureNoise &) const = default;
};

/// Root of the noise's mean square over a picture before clipping, in units of 1.
double mean_deviation(const FloatPicture &clean, const PictureNoise &noise);

/// The picture with noise that depends on its size, `noise` and the seed alone; without a gain it is that of
/// image::add_gaussian_noise().
/// @param gray  the same noise in all channels
FloatPicture with_noise(const FloatPicture &clean, const PictureNoise &noise, bool gray, std::uint64_t seed);

/// BT.601's luma in all three channels.
FloatPicture in_gray(FloatPicture picture);
/// The channels' mean in all three.
FloatPicture mean_of_channels(FloatPicture picture);

/// OpenCV's fastNlMeansDenoisingColored with a template of 7, a search window of 21 and both strengths at
/// factor * sigma. Works on 8 bits, as it does in practice.
/// @param sigma of 255
FloatPicture non_local_means(const FloatPicture &noisy, double sigma, double factor);

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
    std::vector<std::string> comparisons; ///< lines for people, of each bundle with the first
    std::vector<std::string> skipped;     ///< "path: reason" of every picture that could not be read
    std::vector<SheetRow> sheet;          ///< empty unless asked for
};

/// All methods get the same noisy pictures.
/// @param finished  called with the rows of a data folder and a noise as soon as they are measured
/// @throws Error
DenoisingResult evaluate_denoising(const DenoisingEvaluation &evaluation,
                                   const std::function<void(const DenoisingRow &)> &finished = {});

/// What the pictures are without any denoiser.
inline constexpr const char *kNoisyMethod = "noisy";

struct DenoisingMethod {
    std::string name;
    std::filesystem::path bundle; ///< empty: no bundle
    bool standard = false;        ///< a bundle whose encoder was trained without an adversary
    /// @param deviation  of the noise, in units of 1: for those that have to be told it
    std::function<FloatPicture(const FloatPicture &noisy, double deviation)> run;
};

/// The noisy pictures themselves, the bundles, and OpenCV's non-local means if asked for. They keep what they
/// need of the bundles alive; `evaluation` must outlive them. @throws Error not_found | as Module::compile
std::vector<DenoisingMethod> denoising_methods(const DenoisingEvaluation &evaluation);

/// The noises of a command line: every sigma and every sensor, each clipped, unclipped or both.
/// @param sensors  "GAIN,READ", both of 255
/// @throws Error invalid_argument
std::vector<PictureNoise> noises_of(const std::vector<double> &sigmas,
                                    const std::vector<std::string> &sensors,
                                    const std::vector<std::string> &clipping);

} // namespace mirra::trainer
