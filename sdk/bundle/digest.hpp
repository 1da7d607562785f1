// SHA-256 of texts and of tensors.
#pragma once

#include "mirra/bundle.hpp"

#include <string>
#include <string_view>

namespace mirra::bundle {

/// In hex, lower case.
std::string sha256_of(std::string_view text);

/// Over every tensor in the order of names: "name\0DTYPE\0d0,d1,…\0", then its bytes. Independent of where
/// the tensors lie in the file.
std::string sha256_of(const std::map<std::string, TensorView> &tensors);

} // namespace mirra::bundle
