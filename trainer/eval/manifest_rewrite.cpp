// Rewriting.
#include "eval/manifest_rewrite.hpp"

#include "core/provenance.hpp"
#include "log/log.hpp"
#include "mirra/error.hpp"

namespace mirra::trainer {
namespace {

/// The one type of all tensors; write_bundle() knows no other way.
bundle::DType stored_type(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    const auto &tensors = bundle.file().tensors();
    if (tensors.empty()) return bundle::DType::f32;
    const auto type = tensors.begin()->second.dtype;
    for (const auto &[name, tensor] : tensors)
        if (tensor.dtype != type)
            throw Error(ErrorCode::unsupported,
                        "the bundle's tensors are of several types, and writing it anew would change some",
                        path.string() + ": " + name, "leave --record out, or store all weights in one type");
    return type;
}

} // namespace

void check_rewritable(const bundle::Bundle &bundle, const std::filesystem::path &path) {
    stored_type(bundle, path);
    check_output(path);
}

void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path) {
    const auto type = stored_type(bundle, path);
    bundle::Weights weights;
    for (const auto &[name, tensor] : bundle.file().tensors()) {
        const auto values = bundle.weight(name);
        weights[name] = {tensor.shape, {values.begin(), values.end()}};
    }
    bundle::write_bundle(path, manifest, weights, type);
    log_info("recorded in " + path.string());
}

} // namespace mirra::trainer
