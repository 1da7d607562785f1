// Manifest and provenance of a trained denoiser.
#include "tasks/denoiser_bundle.hpp"

#include "log/log.hpp"
#include "mirra/bundle.hpp"

namespace mirra::trainer {

void write_denoiser_bundle(const DenoiserBundle &bundle) {
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "denoiser";
    manifest.architecture = bundle.settings.architecture;
    manifest.licence = bundle.licence;
    manifest.provenance = to_json(bundle.provenance);
    manifest.graphs.emplace("denoiser", bundle.network.graph());
    bundle::write_bundle(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
