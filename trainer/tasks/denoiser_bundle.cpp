// Manifest and provenance of a trained denoiser.
#include "tasks/denoiser_bundle.hpp"

#include "log/log.hpp"
#include "mirra/bundle.hpp"
#include "mirra/file.hpp"

#include <nlohmann/json.hpp>

#include <ctime>

namespace mirra::trainer {
namespace {

std::string today() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[16];
    std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
    return text;
}

std::string provenance(const DenoiserBundle &bundle) {
    nlohmann::ordered_json data = nlohmann::ordered_json::array();
    for (const auto &folder : bundle.data) data.push_back(folder.filename().string());
    return nlohmann::ordered_json{{"data", data},
                                  {"pictures", bundle.pictures},
                                  {"recipe", bundle.recipe_name},
                                  {"recipe_text", bundle.recipe_text},
                                  {"seed", bundle.settings.seed},
                                  {"steps", bundle.settings.schedule.steps},
                                  {"batch", bundle.settings.batch},
                                  {"crop", bundle.settings.crop},
                                  {"device", bundle.device},
                                  {"date", today()},
                                  {"trainer", MIRRA_VERSION}}
        .dump();
}

} // namespace

void check_output(const std::filesystem::path &output) {
    const AtomicFile probe(output);
}

void write_denoiser_bundle(const DenoiserBundle &bundle, ImageSet &) {
    bundle::Manifest manifest;
    manifest.task = "denoise";
    manifest.name = "denoiser";
    manifest.architecture = bundle.settings.architecture;
    manifest.licence = "Apache-2.0";
    manifest.provenance = provenance(bundle);
    manifest.graphs.emplace("denoiser", bundle.network.graph());
    bundle::write_bundle(bundle.output, manifest, bundle.network.weights(), bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
