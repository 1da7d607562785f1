// Farthest point first.
#include "tasks/coreset.hpp"

#include "core/random.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace mirra::trainer {
namespace {

constexpr std::uint64_t kProjectionSalt = 0x636f7265;
constexpr float kRounding = 1e-6F; ///< of squared distances, in units of the largest square

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
    const float nothing = kRounding * squares.max().item<float>();
    auto distance = torch::full_like(squares, std::numeric_limits<float>::infinity());
    auto next = squares.argmax().item<std::int64_t>();
    while (static_cast<std::int64_t>(chosen.size()) < options.members) {
        if (distance[next].item<float>() <= nothing) break;
        chosen.push_back(next);
        const auto product = centred.mv(centred[next]);
        distance = torch::minimum(distance, squares + squares[next] - 2 * product);
        distance[next] = 0;
        next = distance.argmax().item<std::int64_t>();
    }
    return chosen;
}

} // namespace mirra::trainer
