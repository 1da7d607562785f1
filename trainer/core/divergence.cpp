// Names the key of the recipe that helps.
#include "core/divergence.hpp"

namespace mirra::trainer {

std::string of_divergence(const std::string &rate) {
    const auto table = rate.substr(0, rate.find('.'));
    return "lower the learning rate: " + rate + " in the recipe, or --set " + rate + "=..." +
           (table == "segmentation" ? "" : "; or set " + table + ".clip_norm"); // which clips anyway
}

Error diverged(const std::string &what, const std::string &rate) {
    return {ErrorCode::internal, "the training diverged: " + what, rate, of_divergence(rate)};
}

void write_trained(const std::filesystem::path &path, const bundle::Manifest &manifest,
                   const bundle::Weights &weights, bundle::DType storage, const std::string &rate,
                   const graph::Graph *frozen) {
    try {
        bundle::write_bundle(path, manifest, weights, storage);
    } catch (const Error &error) {
        const auto &weight = error.subject();
        if (!weights.contains(weight) ||
            (frozen != nullptr && graph::weight_shapes(*frozen).contains(weight)))
            throw;
        throw diverged(std::string(error.what()) + ": " + weight, rate);
    }
}

} // namespace mirra::trainer
