// The paper's own figures on inversion, to print beside ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mirra::trainer {

struct PaperFigure {
    const char *table;
    double psnr, ssim; ///< ssim 0: the table does not give it
};

/// Tables 1 to 3: by the inverter's architecture ("alexnet-conv5"), loss and whether its encoder is robust.
std::optional<PaperFigure> paper_inversion(const std::string &architecture, const std::string &loss,
                                           bool robust);
/// Table A1: pictures enlarged `scale` times (1 to 10).
std::optional<PaperFigure> paper_scale(const std::string &architecture, std::int64_t scale, bool robust);
/// Table 6: pictures at their own size.
std::optional<PaperFigure> paper_highres(const std::string &architecture, bool robust);
/// Tables 4 and A2: by the l2 radius of the encoder's training.
std::optional<PaperFigure> paper_radius(const std::string &architecture, double epsilon);

} // namespace mirra::trainer
