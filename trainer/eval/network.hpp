// mirra-train eval network: PSNR and SSIM of networks that restore pictures, on folders of clean ones that
// are made worse first.
#pragma once

#include "data/degradation.hpp"
#include "report/sheet.hpp"
#include "report/table.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// What is compared of a restored picture with the clean one.
struct Compared {
    bool luma = false;       ///< BT.601's Y of 16 to 235 in 8 bits, as the field measures super-resolution
    std::int64_t border = 0; ///< pixels that are left out at each side
};

/// The part of a picture that is compared. @param picture  [1, 3, H, W], with 8 bits
at::Tensor compared_part(const at::Tensor &picture, const Compared &compared);

struct NetworkEvaluation {
    std::vector<std::filesystem::path> data, bundles;
    std::string graph; ///< of the bundles; empty: the only one
    Degradation degradation;
    Compared compared;
    std::uint64_t seed = 16;
    std::int64_t count = 0; ///< pictures per folder at most; 0: all
    std::string precision = "fp32", device = "cpu";
    int threads = 0;
    std::filesystem::path csv, sheet; ///< written if not empty
    std::int64_t sheet_rows = 4;      ///< pictures of the sheet: the first
    bool record = false;              ///< put the figures into the bundles' manifests
};

/// One line of the result.
struct NetworkRow {
    std::string data, method;
    std::filesystem::path bundle; ///< empty: what the pictures are when nothing restores them
    std::int64_t count = 0;
    double psnr = 0, psnr_deviation = 0;
    double ssim = 0; ///< NaN where no picture is large enough
    double seconds_per_megapixel = 0;
};

struct NetworkResult {
    std::vector<NetworkRow> rows;
    std::vector<std::string> skipped; ///< "path: reason" of every picture that could not be read
    std::vector<SheetRow> sheet;      ///< empty unless asked for
};

/// All methods get the same pictures, and give pictures with 8 bits.
/// @param finished  called with the rows of a data folder as soon as they are measured
/// @throws Error
NetworkResult evaluate_network(const NetworkEvaluation &evaluation,
                               const std::function<void(const NetworkRow &)> &finished = {});

} // namespace mirra::trainer
