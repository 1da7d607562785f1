// Squares.
#include "attacks/square_shapes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace mirra::trainer {
namespace {

/// At Chebyshev distance d from the centre: the sum of 1 / k^2 over k > d, up to the farthest pixel.
torch::Tensor rectangle(std::int64_t rows, std::int64_t columns) {
    const auto reach = std::max(rows / 2, columns / 2) + 1;
    std::vector<float> tail(static_cast<std::size_t>(reach) + 1);
    for (auto k = reach; k > 0; --k)
        tail[static_cast<std::size_t>(k - 1)] =
            tail[static_cast<std::size_t>(k)] + 1.0F / static_cast<float>(k * k);
    const auto down = (torch::arange(rows) - rows / 2).abs().unsqueeze(1);
    const auto across = (torch::arange(columns) - columns / 2).abs();
    const auto values = torch::tensor(tail).index({torch::maximum(down, across)});
    return values / values.norm();
}

} // namespace

std::int64_t square_side(int query, double initial_share, std::int64_t height, std::int64_t width) {
    constexpr std::array kHalvings = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};
    const auto halvings =
        std::count_if(kHalvings.begin(), kHalvings.end(), [=](int at) { return query > at; });
    const double share = initial_share / static_cast<double>(1 << halvings);
    const auto side = std::lround(std::sqrt(share * static_cast<double>(height * width)));
    return std::clamp<std::int64_t>(side, 1, std::min(height, width));
}

torch::Tensor square_pattern(std::int64_t side, const torch::TensorOptions &options) {
    const auto upper = side / 2;
    const auto pattern = torch::cat({rectangle(upper, side), -rectangle(side - upper, side)});
    return (pattern / pattern.norm()).to(options);
}

} // namespace mirra::trainer
