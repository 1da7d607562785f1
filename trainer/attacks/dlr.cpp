// DLR losses.
#include "attacks/dlr.hpp"

#include "attacks/attack.hpp"

namespace mirra::trainer {
namespace {

constexpr double kStabiliser = 1e-12;

torch::Tensor logit_of(const torch::Tensor &logits, const torch::Tensor &classes) {
    return logits.gather(1, classes.unsqueeze(1)).squeeze(1);
}

std::vector<torch::Tensor> ranked(const torch::Tensor &logits, std::int64_t count) {
    return std::get<0>(logits.topk(count, 1)).unbind(1);
}

} // namespace

torch::Tensor dlr(const torch::Tensor &logits, const torch::Tensor &labels) {
    const auto gap = -margin(logits, labels);
    if (logits.size(1) < 3) return gap;
    const auto top = ranked(logits, 3);
    return gap / (top[0] - top[2] + kStabiliser);
}

torch::Tensor dlr_targeted(const torch::Tensor &logits, const torch::Tensor &labels,
                           const torch::Tensor &targets) {
    const auto gap = logit_of(logits, targets) - logit_of(logits, labels);
    if (logits.size(1) < 4) return gap;
    const auto top = ranked(logits, 4);
    return gap / (top[0] - (top[2] + top[3]) / 2 + kStabiliser);
}

} // namespace mirra::trainer
