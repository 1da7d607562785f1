// Both norms lead to one equation in one unknown, a dual variable: the shortest move takes pixel i by
// min(dual * speed_i, room_i), with speed |w_i| for l2 and 1 for linf, and its part of the way is |w_i| times
// that. The way is a concave, piecewise linear function of the dual, so Newton's method from zero climbs to
// the solution and reaches it after few steps, where the published code sorts the breakpoints.
#include "attacks/hyperplane.hpp"

namespace mirra::trainer {
namespace {

constexpr int kMostSteps = 100; // ten is usual
constexpr double kFar = 1e20;   // the dual of a hyperplane that misses the box

torch::Tensor total(const torch::Tensor &values) {
    return values.sum(at::IntArrayRef{1, 2, 3}, true);
}

/// The dual at which sum min(dual * gain, capacity) = way.
torch::Tensor solve(const torch::Tensor &gain, const torch::Tensor &capacity, const torch::Tensor &way) {
    const auto zero = torch::zeros({}, gain.options());
    auto dual = torch::zeros_like(way);
    for (int step = 0; step < kMostSteps; ++step) {
        const auto free = (dual * gain).lt(capacity);
        const auto slope = total(torch::where(free, gain, zero));
        const auto rest = way - total(torch::where(free, zero, capacity));
        const auto next = torch::maximum(dual, torch::where(slope > 0, rest / slope, kFar).clamp_max(kFar));
        if (next.equal(dual)) break;
        dual = next;
    }
    return dual;
}

} // namespace

torch::Tensor moves_onto_hyperplane(const torch::Tensor &points, const torch::Tensor &normals,
                                    const torch::Tensor &offsets, Norm norm) {
    const auto way = offsets.view({-1, 1, 1, 1});
    const auto downhill = torch::where(way < 0, normals, -normals);
    const auto weight = normals.abs();
    const auto room = torch::where(downhill > 0, 1 - points, points);
    const auto gain = norm == Norm::l2 ? weight.square() : weight;
    const auto dual = solve(gain, weight * room, way.abs());
    const auto length = norm == Norm::l2 ? torch::minimum(dual * weight, room) : torch::minimum(dual, room);
    return length * downhill.sign();
}

} // namespace mirra::trainer
