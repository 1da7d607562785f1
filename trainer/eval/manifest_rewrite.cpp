// Rewriting.
#include "eval/manifest_rewrite.hpp"

#include "log/log.hpp"

namespace mirra::trainer {

void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path) {
    bundle::Weights weights;
    for (const auto &[name, tensor] : bundle.file().tensors()) {
        const auto values = bundle.weight(name);
        weights[name] = {tensor.shape, {values.begin(), values.end()}};
    }
    bundle::write_bundle(path, manifest, weights, bundle.file().tensors().begin()->second.dtype);
    log_info("recorded in " + path.string());
}

} // namespace mirra::trainer
