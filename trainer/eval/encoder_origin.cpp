// Reading an encoder's provenance.
#include "eval/encoder_origin.hpp"

#include "tasks/trained_radius.hpp"

#include <nlohmann/json.hpp>

namespace mirra::trainer {
namespace {

std::vector<std::string> strings(const nlohmann::json &provenance, const char *key) {
    std::vector<std::string> out;
    const auto found = provenance.find(key);
    if (found == provenance.end() || !found->is_array()) return out;
    for (const auto &each : *found)
        if (each.is_string()) out.push_back(each.get<std::string>());
    return out;
}

} // namespace

EncoderOrigin encoder_origin(const bundle::Manifest &manifest) {
    EncoderOrigin out;
    const auto provenance = nlohmann::json::parse(manifest.provenance, nullptr, false);
    if (!provenance.is_object()) return out;
    if (const auto encoder = provenance.find("encoder"); encoder != provenance.end()) {
        const auto norm = encoder->find("norm"), epsilon = encoder->find("epsilon");
        if (norm != encoder->end() && norm->is_string()) out.norm = norm->get<std::string>();
        if (epsilon != encoder->end() && epsilon->is_number()) out.epsilon = epsilon->get<double>();
        return out;
    }
    out.data = strings(provenance, "data");
    out.classes = strings(provenance, "classes");
    if (const auto radius = trained_radius(manifest)) {
        out.norm = radius->norm;
        out.epsilon = radius->epsilon;
    }
    return out;
}

} // namespace mirra::trainer
