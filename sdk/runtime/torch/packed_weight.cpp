// Packing at the first input of a size.
#include "runtime/torch/packed_weight.hpp"

#include "runtime/torch/arena.hpp"
#include "runtime/torch/libtorch.hpp"
#include "runtime/torch/onednn.hpp"

namespace mirra::runtime {

PackedWeight::PackedWeight(graph::Node node, at::Tensor weight)
    : node_(std::move(node))
    , weight_(std::move(weight)) {}

at::Tensor PackedWeight::fitting(at::IntArrayRef input_size) {
    const std::lock_guard lock(mutex_);
    if (input_size != at::IntArrayRef(input_size_)) {
        const auto heap = enter_heap(); // it outlives the run, so it is none of its arena's
        packed_ = pack_weight(node_, weight_, input_size);
        input_size_ = input_size.vec();
    }
    return packed_;
}

} // namespace mirra::runtime
