// Writing a bundle from graphs and fp32 weights.
#include "digest.hpp"
#include "dtype.hpp"
#include "manifest.hpp"

#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>

namespace mirra::bundle {
namespace {

/// The weights that the graphs use, with their shapes.
std::map<std::string, graph::Shape> needed_weights(const Manifest &manifest) {
    std::map<std::string, graph::Shape> needed;
    for (const auto &[key, graph] : manifest.graphs) {
        for (const auto &[name, shape] : graph::weight_shapes(graph)) {
            const auto [place, added] = needed.emplace(name, shape);
            if (!added && place->second != shape)
                throw Error(ErrorCode::mismatch, "two graphs need the weight with different shapes", name);
        }
    }
    return needed;
}

const WeightTensor &checked(const Weights &weights, const std::string &name, const graph::Shape &shape) {
    const auto found = weights.find(name);
    if (found == weights.end())
        throw Error(ErrorCode::mismatch, "a weight that the graphs need is not given", name);
    const WeightTensor &weight = found->second;
    if (weight.shape != shape)
        throw Error(ErrorCode::mismatch,
                    "the weight has shape " + to_text(weight.shape) + ", the graphs need " + to_text(shape),
                    name);
    if (byte_count(DType::f32, shape) != weight.values.size() * sizeof(float))
        throw Error(ErrorCode::mismatch, "the weight has another number of values than its shape", name);
    if (!std::ranges::all_of(weight.values, [](float value) { return std::isfinite(value); }))
        throw Error(ErrorCode::invalid_argument, "the weight holds values that are not finite numbers", name,
                    "the training diverged, or the checkpoint is damaged");
    return weight;
}

void check_range(const std::string &name, std::span<const float> values, DType storage) {
    constexpr float kHalfLimit = 65520.0f; // rounds to infinity in fp16
    const bool fits = std::ranges::all_of(values, [](float value) { return std::abs(value) < kHalfLimit; });
    if (storage == DType::f16 && !fits)
        throw Error(ErrorCode::mismatch, "the weight holds values beyond the range of f16", name,
                    "store the bundle as bf16 or f32");
}

/// The tensors of a bundle, and what its file says of them.
struct Stored {
    std::map<std::string, std::vector<std::byte>> values;
    std::map<std::string, TensorView> tensors;
    std::map<std::string, std::string> metadata;
};

/// @param name  of the bundle, for errors
Stored stored(const Manifest &manifest, const Weights &weights, DType storage, const std::string &name) {
    Stored out;
    for (const auto &[weight_name, shape] : needed_weights(manifest)) {
        const WeightTensor &weight = checked(weights, weight_name, shape);
        check_range(weight_name, weight.values, storage);
        const auto &bytes = out.values[weight_name] = from_float(weight.values, storage);
        out.tensors[weight_name] = {storage, shape, bytes};
    }
    const std::string json = manifest_json(manifest, sha256_of(out.tensors));
    (void)parse_manifest(json, name); // what could not be read is not written
    out.metadata = {{kManifestKey, json}, {kManifestDigestKey, sha256_of(json)}};
    return out;
}

} // namespace

void write_bundle(const std::filesystem::path &path, const Manifest &manifest, const Weights &weights,
                  DType storage) {
    const Stored out = stored(manifest, weights, storage, path.string());
    write_tensors(path, out.tensors, out.metadata);
}

std::vector<std::byte> bundle_bytes(const Manifest &manifest, const Weights &weights, DType storage) {
    const Stored out = stored(manifest, weights, storage, manifest.name);
    return tensor_bytes(out.tensors, out.metadata);
}

} // namespace mirra::bundle
