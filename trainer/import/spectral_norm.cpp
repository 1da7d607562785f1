// Spectral normalisation, folded.
#include "spectral_norm.hpp"

#include "mirra/error.hpp"

#include <cmath>

namespace mirra::trainer::importer {
namespace {

std::int64_t rest(const graph::Shape &shape) {
    std::int64_t product = 1;
    for (std::size_t i = 2; i < shape.size(); ++i) product *= shape[i];
    return product;
}

} // namespace

SpectralShape spectral_shape(const graph::Shape &weight, bool transposed) {
    return transposed ? SpectralShape{weight[1], weight[0] * rest(weight)}
                      : SpectralShape{weight[0], weight[1] * rest(weight)};
}

void fold_spectral_norm(bundle::WeightTensor &weight, std::span<const float> u, std::span<const float> v,
                        bool transposed, const std::string &name) {
    const auto first = static_cast<std::size_t>(weight.shape[0]),
               second = static_cast<std::size_t>(weight.shape[1]);
    const auto taps = static_cast<std::size_t>(rest(weight.shape));
    double norm = 0;
    for (std::size_t i = 0; i < first; ++i)
        for (std::size_t j = 0; j < second; ++j) {
            const std::size_t row = transposed ? j : i, column = transposed ? i : j;
            const float *w = weight.values.data() + (i * second + j) * taps;
            double sum = 0;
            for (std::size_t k = 0; k < taps; ++k) sum += double{w[k]} * double{v[column * taps + k]};
            norm += double{u[row]} * sum;
        }
    if (!std::isfinite(norm) || norm == 0)
        throw Error(ErrorCode::corrupt, "the spectral norm of the weight is zero or not a finite number",
                    name, "the checkpoint is damaged, or its network was never run in training mode");
    for (float &value : weight.values) value = static_cast<float>(double{value} / norm);
}

} // namespace mirra::trainer::importer
