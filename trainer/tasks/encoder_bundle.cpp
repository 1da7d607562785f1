// Manifest of a trained encoder.
#include "tasks/encoder_bundle.hpp"

#include "core/bundle_name.hpp"
#include "log/log.hpp"
#include "mirra/bundle.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {

void write_encoder_bundle(const EncoderBundle &bundle) {
    bundle::Manifest manifest;
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.settings.network.architecture;
    manifest.licence = bundle.licence;
    auto provenance = nlohmann::ordered_json::parse(to_json(bundle.provenance));
    provenance["classes"] = bundle.classes;
    if (!bundle.initial.empty()) provenance["initial_weights"] = bundle.initial;
    manifest.provenance = provenance.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    manifest.graphs.emplace("encoder", bundle.graphs.encoder);
    manifest.graphs.emplace("classifier", bundle.graphs.classifier);
    bundle::write_bundle(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
