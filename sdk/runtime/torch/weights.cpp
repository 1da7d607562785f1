// Loading weights.
#include "runtime/torch/weights.hpp"

#include "mirra/error.hpp"
#include "runtime/torch/libtorch.hpp"

namespace mirra::runtime {

at::Tensor load_weight(const WeightSource &source, const std::string &name, const graph::Shape &shape) {
    const auto weight = source(name);
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    if (count != static_cast<std::int64_t>(weight.values.size()))
        throw Error(ErrorCode::mismatch,
                    "weight has " + std::to_string(weight.values.size()) + " values, " +
                        std::to_string(count) + " are needed",
                    name);
    return at::from_blob(const_cast<float *>(weight.values.data()), shape, at::kFloat).clone();
}

} // namespace mirra::runtime
