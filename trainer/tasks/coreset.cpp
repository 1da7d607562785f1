// Farthest point first.
#include "tasks/coreset.hpp"

#include "core/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kProjectionSalt = 0x636f7265;

/// Gaussian and scaled so that lengths stay what they are on average (Johnson and Lindenstrauss).
torch::Tensor projected(const torch::Tensor &points, const CoresetOptions &options) {
    const auto from = points.size(1), to = options.dimensions;
    if (to <= 0 || to >= from) return points;
    CounterRandom random(options.seed ^ kProjectionSalt, 0);
    auto matrix = torch::empty({from, to});
    auto *values = matrix.mutable_data_ptr<float>();
    const double scale = 1 / std::sqrt(static_cast<double>(to));
    for (std::int64_t i = 0; i < matrix.numel(); ++i) {
        const double length = std::sqrt(-2 * std::log(1 - random.uniform()));
        values[i] = static_cast<float>(scale * length * std::cos(2 * std::numbers::pi * random.uniform()));
    }
    return points.mm(matrix);
}

} // namespace

std::vector<std::int64_t> coreset(const torch::Tensor &points, const CoresetOptions &options) {
    const auto count = points.size(0);
    std::vector<std::int64_t> chosen;
    if (count <= options.members) {
        chosen.resize(static_cast<std::size_t>(count));
        std::iota(chosen.begin(), chosen.end(), 0);
        return chosen;
    }
    const torch::NoGradGuard no_grad;
    const auto all = projected(points.to(at::kFloat), options);
    const auto centred = (all - all.mean(0)).contiguous(); // small numbers, for the products' precision
    const auto squares = centred.square().sum(1);
    auto distance = squares.clone();
    while (static_cast<std::int64_t>(chosen.size()) < options.members) {
        const auto farthest = distance.argmax().item<std::int64_t>();
        if (distance[farthest].item<float>() <= 0) break;
        chosen.push_back(farthest);
        const auto product = centred.mv(centred[farthest]);
        distance = torch::minimum(distance, squares + squares[farthest] - 2 * product);
        distance[farthest] = 0;
    }
    return chosen;
}

} // namespace mirra::trainer
