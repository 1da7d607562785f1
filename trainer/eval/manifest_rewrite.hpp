// A bundle with another manifest.
#pragma once

#include "mirra/bundle.hpp"

#include <filesystem>

namespace mirra::trainer {

/// Fails early, before hours of measuring, where rewrite_manifest() would in the end.
/// @throws Error unsupported | not_found | io
void check_rewritable(const bundle::Bundle &bundle, const std::filesystem::path &path);

/// Writes the bundle's weights, unchanged and in their stored precision, with this manifest.
/// @throws Error unsupported (tensors of several types) | not_found | io
void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path);

} // namespace mirra::trainer
