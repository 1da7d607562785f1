// Figures of Table 10.
#include "eval/paper_denoising.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mirra::trainer {
namespace {

struct Denoising {
    std::string_view data;
    std::int64_t count;
    PaperFigure standard, robust;
};

constexpr std::array kDenoising{
    Denoising{"cbsd68", 68, {"10, Std", 22.63, 0.618}, {"10, AR", 25.258, 0.71}},
    Denoising{"kodak24", 24, {"10, Std", 23.187, 0.6}, {"10, AR", 25.495, 0.701}},
    Denoising{"mcmaster", 18, {"10, Std", 23.149, 0.607}, {"10, AR", 25.353, 0.691}},
};

} // namespace

std::optional<PaperFigure> paper_denoising(const std::string &data, std::int64_t count, bool robust) {
    const auto found = std::ranges::find_if(
        kDenoising, [&](const Denoising &each) { return each.data == data && each.count == count; });
    if (found == kDenoising.end()) return std::nullopt;
    return robust ? found->robust : found->standard;
}

} // namespace mirra::trainer
