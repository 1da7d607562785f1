// Shrinking batches.
#include "attacks/active_rows.hpp"

#include <bit>

namespace mirra::trainer {
namespace {

/// The next of 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: powers of two and their halves in between.
std::int64_t rounded_up(std::int64_t count) {
    const auto power = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(count)));
    return count <= power / 4 * 3 ? power / 4 * 3 : power;
}

} // namespace

std::optional<torch::Tensor> remaining_rows(const torch::Tensor &done) {
    const auto standing = done.numel() - done.sum().item<std::int64_t>();
    const auto size = standing == 0 ? 0 : rounded_up(standing);
    if (size >= done.numel()) return std::nullopt;
    const auto order = std::get<1>(done.to(at::kByte).sort(/*stable=*/true, /*dim=*/0, /*descending=*/false));
    return order.narrow(0, 0, size);
}

torch::Tensor select_rows(const torch::Tensor &tensor, const torch::Tensor &rows) {
    return tensor.index_select(0, rows).contiguous(tensor.suggest_memory_format());
}

void keep_rows(std::initializer_list<torch::Tensor *> tensors, const torch::Tensor &rows) {
    for (auto *tensor : tensors)
        if (tensor->defined()) *tensor = select_rows(*tensor, rows);
}

} // namespace mirra::trainer
