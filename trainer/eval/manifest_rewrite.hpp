// A bundle with another manifest.
#pragma once

#include "mirra/bundle.hpp"

#include <filesystem>

namespace mirra::trainer {

/// Writes the bundle's weights, unchanged and in their stored precision, with this manifest. @throws Error io
void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path);

} // namespace mirra::trainer
