// Figures of Table 9.
#include "eval/paper_stylization.hpp"

namespace mirra::trainer {

std::optional<PaperStylization> paper_stylization(const std::string &architecture, bool robust,
                                                  const std::string &levels) {
    if (!architecture.starts_with("alexnet")) return std::nullopt;
    if (levels != "conv5,conv2,conv1" && levels != "conv1,conv2,conv5") return std::nullopt;
    return robust ? PaperStylization{.gram = 1.186, .ssim = 0.259}
                  : PaperStylization{.gram = 1.694, .ssim = 0.226};
}

} // namespace mirra::trainer
