// A loop that LibTorch itself shares out.
#include "runtime/torch/parallel.hpp"

#include <ATen/TensorIterator.h>
#include <ATen/ops/from_blob.h>

namespace mirra::runtime {

void parallel_ranges(std::int64_t count, std::int64_t grain,
                     c10::function_ref<void(std::int64_t begin, std::int64_t end)> function) {
    if (count <= 0) return;
    if (count <= grain) return function(0, count);
    // A byte for each place, which nobody touches: where a range begins tells which it is.
    static char first = 0;
    const auto places = at::from_blob(&first, {count}, at::kByte);
    auto iterator = at::TensorIteratorConfig()
                        .set_check_mem_overlap(false)
                        .check_all_same_dtype(false)
                        .resize_outputs(false)
                        .declare_static_shape({count})
                        .add_output(places)
                        .build();
    iterator.for_each(
        [&](char **range, const std::int64_t *, std::int64_t size) {
            const auto begin = *range - &first;
            function(begin, begin + size);
        },
        grain);
}

} // namespace mirra::runtime
