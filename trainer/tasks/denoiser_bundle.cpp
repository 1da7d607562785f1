// Manifest and provenance of a trained denoiser.
#include "tasks/denoiser_bundle.hpp"

#include "core/bundle_name.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "tasks/inverter_bundle.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

std::string provenance_of(const DenoiserBundle &bundle) {
    auto provenance = Json::parse(to_json(bundle.provenance));
    if (bundle.origin.encoder)
        provenance["encoder"] = Json::parse(encoder_provenance(*bundle.origin.encoder, bundle.encoder_name));
    if (bundle.origin.start) provenance["initial_weights"] = bundle.origin.start->sha256();
    return provenance.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

void write_denoiser_bundle(const DenoiserBundle &bundle) {
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.settings.architecture;
    manifest.licence = bundle.licence;
    manifest.provenance = provenance_of(bundle);
    manifest.graphs.emplace("denoiser", bundle.network.graph());
    bundle::write_bundle(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
