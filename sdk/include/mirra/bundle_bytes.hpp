// A bundle that is made in memory, to be tried before it is written.
#pragma once

#include "mirra/bundle.hpp"

namespace mirra::bundle {

/// What write_bundle() writes. @throws Error as that does, but io
[[nodiscard]] std::vector<std::byte> bundle_bytes(const Manifest &manifest, const Weights &weights,
                                                  DType storage);

} // namespace mirra::bundle
