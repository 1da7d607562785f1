// The paper's own figures, to print beside ours.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// Table 10: Gaussian noise of sigma 50 (of 255), clipped to [0, 1], on all the pictures of a set.
/// @param data    name of the set's folder: cbsd68, kodak24 or mcmaster
/// @param count   pictures that were measured
/// @param robust  the paper's denoiser on robust features, else that on standard ones
std::optional<PaperFigure> paper_denoising(const std::string &data, std::int64_t count, bool robust);

/// AUROC of the search in latent space.
struct PaperAuroc {
    double standard, robust; ///< by the encoder's training
    double adgan;            ///< of the method that the paper compares with
};

/// Of one class against the others. Nothing unless `classes` are those of CIFAR-10 or of Cats vs. Dogs.
std::optional<PaperAuroc> paper_anomaly(const std::vector<std::string> &classes, const std::string &name);
/// The mean of the classes.
std::optional<PaperAuroc> paper_anomaly_mean(const std::vector<std::string> &classes);

/// A line where the paper's printed means are not those of its rows, which then stand beside; else empty.
std::string paper_anomaly_note(const std::vector<std::string> &classes);

struct PaperStylization {
    double gram; ///< over VGG-19's layers: comparable with that column alone
    double ssim;
};

/// Three levels of AlexNet at full strength.
/// @param architecture  of the bundle's manifest
/// @param robust        the encoder's training
/// @param levels        plain_levels(), in either order
std::optional<PaperStylization> paper_stylization(const std::string &architecture, bool robust,
                                                  const std::string &levels);

/// Universal style transfer (Li et al. 2017): VGG-19, five levels, blending.
inline constexpr PaperStylization kPaperUniversal{.gram = 1.223, .ssim = 0.459};

} // namespace mirra::trainer
