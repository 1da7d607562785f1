#include "runtime/rows/vectors.hpp"

#include "mirra/cpu_device.hpp"

#include <algorithm>
#include <initializer_list>

namespace mirra::runtime {
#ifdef MIRRA_WIDE_VECTORS
namespace {

bool has_all(std::initializer_list<const char *> flags) {
    return std::ranges::all_of(
        flags, [](const char *flag) { return detail::has_word(detail::this_cpu().flags, flag); });
}

} // namespace
#endif

std::size_t vector_bytes() {
#ifdef MIRRA_WIDE_VECTORS
    static const std::size_t bytes =
        has_all({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"})
            ? sizeof(Wide)
        : has_all({"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"}) ? sizeof(Narrow)
                                                                    : 0;
    return bytes;
#else
    return 0;
#endif
}

} // namespace mirra::runtime
