// Manifest and weights of a trained stylizer.
#include "tasks/stylizer_bundle.hpp"

#include "core/bundle_name.hpp"
#include "log/log.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "tasks/inverter_bundle.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace mirra::trainer {
namespace {

using Json = nlohmann::ordered_json;

bool same_weights(const bundle::Bundle &a, const bundle::Bundle &b, const graph::Graph &graph) {
    return std::ranges::all_of(graph::weight_shapes(graph), [&](const auto &weight) {
        const auto stored = [&](const bundle::Bundle &bundle) {
            return bundle::from_float(bundle.weight(weight.first), bundle::DType::f16);
        };
        return stored(a) == stored(b);
    });
}

/// Pictures must come back at the size that they had.
void check_extent(const graph::Graph &whole, const std::string &path) {
    constexpr std::int64_t kCells = 8;
    const auto extent = kCells * graph::alignment(whole);
    const auto shapes = graph::infer_shapes(whole, {{whole.inputs.front().name, {1, 3, extent, extent}}});
    if (shapes.at(whole.outputs.front().source) != graph::Shape{1, 3, extent, extent})
        throw Error(ErrorCode::mismatch, "its pictures do not have the size of those that it was given", path,
                    "give a bundle that mirra-train inverter has made with this encoder");
}

/// As the task's parameter has it, with details where there are any: "conv5:1:0.9,conv2".
std::string list_of(const std::vector<StylizerLevel> &levels) {
    std::ostringstream out;
    for (const auto &level : levels) {
        out << (&level == levels.data() ? "" : ",") << level.layer;
        if (level.detail > 0) out << ":1:" << level.detail;
    }
    return out.str();
}

/// What a level's own bundle says of its training, the encoder left out, which is the same for all.
Json level_provenance(const StylizerLevel &level) {
    auto own = Json::parse(level.bundle->manifest().provenance);
    if (const auto levels = own.find("levels"); levels != own.end() && levels->contains(level.layer))
        own = Json(levels->at(level.layer)); // of another stylizer
    if (!own.is_object()) own = Json::object();
    own.erase("encoder");
    own["sha256"] = level.bundle->sha256();
    const auto &quality = level.quality;
    own["validation"] = {{"count", quality.pictures},
                         {"extent", quality.extent},
                         {"psnr", quality.psnr},
                         {"ssim", quality.ssim}};
    return own;
}

Json provenance_of(const StylizerBundle &bundle) {
    auto out = Json::parse(to_json(bundle.provenance));
    out["encoder"] = Json::parse(encoder_provenance(bundle.encoder, bundle.encoder_name));
    for (const auto &level : bundle.levels) out["levels"][level.layer] = level_provenance(level);
    return out;
}

void add_level(const StylizerLevel &level, const graph::Graph &encoder, BundleContents &contents) {
    const auto &layer = level.layer;
    const std::string alone = "generator.", shared = generator_prefix(layer);
    const auto stored = stored_generator(*level.bundle, layer);
    const auto generator = with_weight_prefix(stored.graph, alone, shared);
    auto part = graph::part_of(encoder, layer, "features");
    part.name = "encoder-" + layer;
    auto &graphs = contents.manifest.graphs;
    graphs.emplace(part.name, part);
    graphs.emplace(generator_graph(layer), generator);
    graphs.emplace(autoencoder_graph(layer), graph::autoencoder(encoder, layer, generator));
    for (const auto &[name, weight] : stored.weights)
        contents.weights[shared + name.substr(alone.size())] = weight;
}

} // namespace

void check_level_bundle(const bundle::Bundle &encoder, const bundle::Bundle &bundle, const std::string &layer,
                        const std::filesystem::path &path) {
    const auto &graph = encoder.graph("encoder");
    const auto &graphs = bundle.manifest().graphs;
    if (!graphs.contains(generator_graph(layer)))
        throw Error(ErrorCode::not_found, "the bundle has no generator of " + layer, path.string(),
                    "give one that mirra-train inverter --layer " + layer + " has made");
    const auto own = graphs.find("encoder");
    if (own == graphs.end() || own->second != graph || !same_weights(encoder, bundle, graph))
        throw Error(ErrorCode::mismatch, "its generator of " + layer + " belongs to another encoder",
                    path.string(), "give one that was trained with the bundle of --encoder");
    check_extent(graph::autoencoder(graph, layer, bundle.graph(generator_graph(layer))), path.string());
}

bool is_written(const StylizerBundle &bundle) {
    if (!std::filesystem::exists(bundle.output)) return false;
    try {
        const auto old = bundle::Bundle::open(bundle.output);
        const auto provenance = Json::parse(old->manifest().provenance);
        const auto defaults = Json::parse(old->manifest().defaults);
        const auto at = [](const Json &json, const std::string &path) {
            const Json::json_pointer place(path);
            return json.contains(place) ? json.at(place) : Json();
        };
        const auto sha = [&](const std::string &of) { return at(provenance, of + "/sha256"); };
        return at(defaults, "/levels") == list_of(bundle.levels) &&
               sha("/encoder") == bundle.encoder.sha256() &&
               std::ranges::all_of(bundle.levels, [&](const StylizerLevel &level) {
                   return sha("/levels/" + level.layer) == level.bundle->sha256();
               });
    } catch (const Error &) { // what stands there is no bundle, and is replaced
        return false;
    }
}

void write_stylizer_bundle(const StylizerBundle &bundle) {
    const auto &encoder = bundle.encoder.graph("encoder");
    BundleContents contents;
    auto &manifest = contents.manifest;
    manifest.task = "stylize";
    manifest.name = bundle_name(bundle.output);
    manifest.architecture = bundle.encoder.manifest().architecture + "-stylizer";
    manifest.licence = bundle.licence;
    manifest.defaults = Json{{"levels", list_of(bundle.levels)}}.dump();
    manifest.provenance = provenance_of(bundle).dump(-1, ' ', false, Json::error_handler_t::replace);
    manifest.graphs.emplace("encoder", encoder);
    add_encoder_weights(bundle.encoder, contents.weights);
    for (const auto &level : bundle.levels) add_level(level, encoder, contents);
    bundle::write_bundle(bundle.output, manifest, contents.weights, bundle::DType::f16);
    log_info("wrote " + bundle.output.string());
}

} // namespace mirra::trainer
