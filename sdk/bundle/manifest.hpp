// The manifest between its JSON form and its C++ form.
#pragma once

#include "mirra/bundle.hpp"

#include <string>

namespace mirra::bundle {

inline constexpr const char *kManifestKey = "mirra.manifest";
inline constexpr const char *kManifestDigestKey = "mirra.manifest_sha256";

struct ParsedManifest {
    Manifest manifest;
    std::string sha256; ///< of the tensors, as the manifest says
};

/// @param subject  the file, for errors
/// @throws Error corrupt | limit | unsupported (a newer format, an unknown op)
ParsedManifest parse_manifest(const std::string &text, const std::string &subject);

/// @throws Error invalid_argument: defaults, provenance or quality are not JSON of their kind, or a number is
/// not finite
std::string manifest_json(const Manifest &manifest, const std::string &sha256);

} // namespace mirra::bundle
