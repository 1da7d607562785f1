// The paper's own figures on anomaly detection (Tables 8 and A3), to print beside ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// AUROC of the search in latent space.
struct PaperAuroc {
    double standard, robust; ///< by the encoder's training
    double adgan;            ///< of the method that the paper compares with
};

/// Of one class against the others. Nothing unless `classes` are those of CIFAR-10 or of Cats vs. Dogs.
std::optional<PaperAuroc> paper_anomaly(const std::vector<std::string> &classes, const std::string &name);
/// The mean of the classes.
std::optional<PaperAuroc> paper_anomaly_mean(const std::vector<std::string> &classes);

} // namespace mirra::trainer
