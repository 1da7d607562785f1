// Packing at the first input of a size.
#include "runtime/torch/packed_weight.hpp"

#include "runtime/plan/program.hpp"
#include "runtime/torch/arena.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/onednn.hpp"

#include <algorithm>

namespace mirra::runtime {

PackedWeight::PackedWeight(graph::Node node, at::Tensor weight)
    : node_(std::move(node))
    , weight_(std::move(weight)) {}

at::Tensor PackedWeight::fitting(at::IntArrayRef input_size) {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(
        packed_, [&](const Packed &packed) { return input_size == at::IntArrayRef(packed.input_size); });
    if (found != packed_.end()) {
        packed_.splice(packed_.begin(), packed_, found);
    } else {
        if (packed_.size() >= std::min(steps_, std::size_t{kPackedSizes})) packed_.pop_back();
        const auto heap = enter_heap(); // it outlives the run, so it is none of its arena's
        packed_.push_front({input_size.vec(), pack_weight(node_, weight_, input_size)});
    }
    return packed_.front().weight;
}

} // namespace mirra::runtime
