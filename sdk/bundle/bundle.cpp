// Opening a bundle: every check, then lazy access to its weights.
#include "digest.hpp"
#include "dtype.hpp"
#include "manifest.hpp"
#include "tensor_header.hpp"

#include "mirra/bundle_summary.hpp"
#include "mirra/error.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>

namespace mirra::bundle {
namespace {

/// A tensor and its fp32 values: in place if it is stored as aligned fp32, else made on first use.
class LazyWeight {
  public:
    explicit LazyWeight(const TensorView &view) : view_(view) {}

    std::span<const float> values() const {
        const auto address = reinterpret_cast<std::uintptr_t>(view_.bytes.data());
        if (view_.dtype == DType::f32 && address % alignof(float) == 0)
            return {reinterpret_cast<const float *>(view_.bytes.data()), view_.bytes.size() / sizeof(float)};
        std::call_once(once_, [this] { converted_ = to_float(view_); });
        return converted_;
    }

  private:
    const TensorView &view_;
    mutable std::once_flag once_;
    mutable std::vector<float> converted_;
};

[[noreturn]] void corrupt(const std::string &file, const std::string &what) {
    throw Error(ErrorCode::corrupt, what, file, "copy or download the file again; it is damaged");
}

using Metadata = std::map<std::string, std::string>;

const std::string &required_metadata(const Metadata &metadata, const char *key, const std::string &name) {
    const auto found = metadata.find(key);
    if (found == metadata.end())
        throw Error(ErrorCode::corrupt,
                    "the file has no '" + std::string(key) + "': it is not a Mirra bundle", name,
                    "plain weights become a bundle with 'mirra-train import'");
    return found->second;
}

ParsedManifest checked_manifest(const Metadata &metadata, const std::string &name) {
    const std::string &json = required_metadata(metadata, kManifestKey, name);
    if (sha256_of(json) != required_metadata(metadata, kManifestDigestKey, name))
        corrupt(name, "the manifest does not match its SHA-256");
    return parse_manifest(json, name);
}

template<typename Float> bool all_finite(std::span<const Float> values) {
    return std::ranges::all_of(values, [](Float value) { return std::isfinite(value); });
}

bool all_finite(const TensorView &tensor) {
    constexpr std::size_t kBlock = 1 << 16; // keeps the converted copy of a large tensor small
    const std::size_t width = size_of(tensor.dtype);
    for (std::size_t at = 0; at < tensor.bytes.size(); at += kBlock * width) {
        TensorView part = tensor;
        part.bytes = tensor.bytes.subspan(at, std::min(kBlock * width, tensor.bytes.size() - at));
        const std::vector<float> values = to_float(part);
        if (!all_finite(std::span<const float>(values))) return false;
    }
    return true;
}

void check_weights(const graph::Graph &graph, const std::map<std::string, TensorView> &tensors,
                   const std::string &name) {
    const auto shapes = about_graph(name, graph.name, [&] { return graph::weight_shapes(graph); });
    for (const auto &[weight, shape] : shapes) {
        const auto found = tensors.find(weight);
        if (found == tensors.end())
            corrupt(name, "weight '" + weight + "' of graph '" + graph.name + "' is not in the file");
        const TensorView &tensor = found->second;
        if (tensor.shape != shape)
            corrupt(name, "weight '" + weight + "' of graph '" + graph.name + "' has shape " +
                              to_text(tensor.shape) + ", the graph needs " + to_text(shape));
        if (!is_float(tensor.dtype))
            corrupt(name, "weight '" + weight + "' has the type " +
                              std::string(safetensors_name(tensor.dtype)) + ", which holds no weights");
    }
}

class BundleFile final : public Bundle {
  public:
    BundleFile(std::shared_ptr<const TensorFile> file, const std::string &name)
        : file_(std::move(file))
        , manifest_json_(required_metadata(file_->metadata(), kManifestKey, name)) {
        ParsedManifest parsed = checked_manifest(file_->metadata(), name);
        manifest_ = std::move(parsed.manifest);
        sha256_ = sha256_of(file_->tensors());
        if (sha256_ != parsed.sha256) corrupt(name, "the weights do not match their SHA-256");
        for (const auto &[key, graph] : manifest_.graphs) check_weights(graph, file_->tensors(), name);
        for (const auto &[weight, tensor] : file_->tensors()) {
            if (is_float(tensor.dtype) && !all_finite(tensor))
                corrupt(name, "weight '" + weight + "' holds values that are not finite numbers");
            weights_.try_emplace(weight, tensor);
        }
    }

    [[nodiscard]] const Manifest &manifest() const override { return manifest_; }
    [[nodiscard]] const std::string &manifest_json() const override { return manifest_json_; }
    [[nodiscard]] const TensorFile &file() const override { return *file_; }
    [[nodiscard]] std::string sha256() const override { return sha256_; }

    [[nodiscard]] const graph::Graph &graph(const std::string &name) const override {
        const auto found = manifest_.graphs.find(name);
        if (found != manifest_.graphs.end()) return found->second;
        std::string names;
        for (const auto &[key, value] : manifest_.graphs) names += (names.empty() ? "" : ", ") + key;
        throw Error(ErrorCode::not_found, "the bundle has no graph '" + name + "'", name, "it has: " + names);
    }

    [[nodiscard]] std::span<const float> weight(const std::string &name) const override {
        const auto found = weights_.find(name);
        if (found == weights_.end())
            throw Error(ErrorCode::not_found, "the bundle has no weight '" + name + "'", name);
        return found->second.values();
    }

  private:
    std::shared_ptr<const TensorFile> file_;
    const std::string &manifest_json_; ///< in file_
    Manifest manifest_;
    std::string sha256_;
    std::map<std::string_view, LazyWeight> weights_; ///< by names in file_
};

} // namespace

std::shared_ptr<const Bundle> Bundle::open(const std::filesystem::path &path) {
    return std::make_shared<BundleFile>(TensorFile::open(path), path.string());
}

std::shared_ptr<const Bundle> Bundle::open_memory(std::vector<std::byte> bytes, std::string name) {
    return std::make_shared<BundleFile>(TensorFile::parse(std::move(bytes), name), name);
}

Summary summarize(const std::filesystem::path &path, std::uint64_t &budget) {
    const std::string name = path.string();
    const TensorHeader header = read_tensor_header(path, budget);
    ParsedManifest parsed = checked_manifest(header.metadata, name);
    for (const auto &[key, graph] : parsed.manifest.graphs) check_weights(graph, header.tensors, name);
    return {std::move(parsed.manifest.task), std::move(parsed.manifest.name), header.file_bytes};
}

} // namespace mirra::bundle
