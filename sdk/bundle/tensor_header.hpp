// The header of a tensor file, without the tensors' bytes.
#pragma once

#include "mirra/bundle.hpp"

namespace mirra::bundle {

struct TensorHeader {
    std::map<std::string, TensorView> tensors; ///< without bytes
    std::map<std::string, std::string> metadata;
    std::uint64_t file_bytes = 0;
};

/// @param budget  the most bytes to read; what was read is taken off
/// @throws Error as TensorFile::open() | limit (beyond the budget)
TensorHeader read_tensor_header(const std::filesystem::path &path, std::uint64_t &budget);

} // namespace mirra::bundle
