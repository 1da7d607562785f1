// Power iteration.
#include "core/spectral_norm.hpp"

namespace mirra::trainer {
namespace {

constexpr double kEpsilon = 1e-12;

torch::Tensor random_direction(std::int64_t size) {
    const auto direction = torch::randn({size});
    return direction / direction.norm(2, 0, true).clamp_min(kEpsilon);
}

void set_direction(torch::Tensor &vector, const torch::Tensor &direction) {
    vector.copy_(direction / direction.norm().clamp_min(kEpsilon));
}

} // namespace

SpectralNorm::SpectralNorm(const torch::Tensor &weight, bool transposed) : transposed_(transposed) {
    const auto rows = matrix(weight);
    u_ = random_direction(rows.size(0));
    v_ = random_direction(rows.size(1));
}

torch::Tensor SpectralNorm::matrix(const torch::Tensor &weight) const {
    return (transposed_ ? weight.transpose(0, 1) : weight).flatten(1);
}

torch::Tensor SpectralNorm::normalized(const torch::Tensor &weight) const {
    // Copies: the backward pass wants the vectors as they are now, whatever later iterations make of them.
    return weight / torch::dot(u_.clone(), torch::mv(matrix(weight), v_.clone()));
}

void SpectralNorm::iterate(const torch::Tensor &weight) {
    const torch::NoGradGuard no_grad;
    const auto rows = matrix(weight);
    set_direction(v_, torch::mv(rows.t(), u_));
    set_direction(u_, torch::mv(rows, v_));
}

} // namespace mirra::trainer
