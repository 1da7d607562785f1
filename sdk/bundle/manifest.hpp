// The manifest between its JSON form and its C++ form.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <string>
#include <string_view>

namespace mirra::bundle {

inline constexpr const char *kManifestKey = "mirra.manifest";
inline constexpr const char *kManifestDigestKey = "mirra.manifest_sha256";

/// The same error with the file for its subject.
Error in_file(const Error &error, const std::string &file, std::string_view graph);

/// Calls `body`; an error of a graph becomes one of the file that holds it, which names the graph and what of
/// it.
template<class Body> auto about_graph(const std::string &file, std::string_view graph, Body &&body) {
    try {
        return body();
    } catch (const Error &error) {
        throw in_file(error, file, graph);
    }
}

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
