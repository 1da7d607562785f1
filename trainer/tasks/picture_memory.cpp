// Features of good pictures, whitened; the network that compares others with them.
#include "tasks/picture_memory.hpp"

#include "core/graph_module.hpp"
#include "core/progress.hpp"
#include "data/pasted_defects.hpp"
#include "mirra/defect_segmenter.hpp"
#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kPlaces = graph::kPicturePlaces * graph::kPicturePlaces;

void load(GraphModule &network, const bundle::Weights &weights) {
    for (auto &[name, tensor] : network.state()) {
        const auto &found = weights.at(name);
        auto target = tensor;
        target.copy_(torch::from_blob(const_cast<float *>(found.values.data()), found.shape));
    }
}

/// {1, 3, extent, extent}, as the network takes it.
torch::Tensor normalised(const std::vector<std::uint8_t> &pixels, std::int64_t extent) {
    std::vector<float> values(pixels.size());
    constexpr float kFullRange = 255;
    std::ranges::transform(pixels, values.begin(), [](std::uint8_t value) { return value / kFullRange; });
    normalise_picture(values.data(), values.size());
    return torch::from_blob(values.data(), {1, extent, extent, 3}).permute({0, 3, 1, 2}).clone();
}

/// Of each picture and of the same turned, place by place: {2 N, places, D}.
torch::Tensor features_of(std::span<const std::vector<std::uint8_t>> pictures,
                          const PictureMemoryOptions &options, const bundle::Weights &weights) {
    GraphModule network(graph::picture_features(options.channels), {});
    load(network, weights);
    network.to(options.device);
    network.eval();
    std::vector<torch::Tensor> found;
    Progress progress("memory of pictures", std::ssize(pictures));
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        if (interrupted()) throw Error(ErrorCode::cancelled, "interrupted while the memory was made");
        const auto upright = normalised(pictures[i], options.extent);
        const auto both = torch::cat({upright, upright.flip({2, 3})}).to(options.device);
        const auto maps = network.forward({{"normalised", both}}).at("features").to(at::kCPU, at::kFloat);
        found.push_back(maps[0].flatten(1).t());
        found.push_back(maps[1].flip({1, 2}).flatten(1).t());
        progress.update(static_cast<std::int64_t>(i) + 1);
    }
    return torch::stack(found);
}

std::vector<double> values(const torch::Tensor &tensor) {
    const auto *data = tensor.const_data_ptr<double>();
    return {data, data + tensor.numel()};
}

bundle::WeightTensor weight(const torch::Tensor &tensor, const graph::Shape &shape) {
    const auto plain = tensor.to(at::kFloat).contiguous();
    const auto *data = plain.const_data_ptr<float>();
    return {shape, {data, data + plain.numel()}};
}

} // namespace

torch::Tensor Whitening::of(const torch::Tensor &features) const {
    const auto row = [](const std::vector<double> &numbers) { return torch::tensor(numbers, at::kDouble); };
    return ((features.to(at::kDouble) - row(mean)) / row(deviation)).mm(matrix.t());
}

Whitening whitening_of(const torch::Tensor &features, std::int64_t most) {
    constexpr double kLeast = 0.1,
                     kSmallest =
                         1e-6; // a feature that hardly changes is no reason to take its noise for news
    constexpr double kShrunk = 0.1;
    const auto all = features.to(at::kDouble);
    const auto mean = all.mean(0), spread = all.std(0);
    const auto deviation = spread.clamp_min(std::max(kSmallest, kLeast * spread.mean().item<double>()));
    const auto scaled = (all - mean) / deviation;
    const auto count = all.size(0), features_count = all.size(1);
    const auto correlation = scaled.t().mm(scaled) / static_cast<double>(count - 1);
    const auto shrunk = (1 - kShrunk) * correlation + kShrunk * torch::eye(features_count, at::kDouble);
    const auto [lengths, axes] = at::linalg_eigh(shrunk); // in ascending order
    const auto codes = std::clamp<std::int64_t>(std::min(most, count - 1), 1, features_count);
    const auto first = features_count - codes;
    const auto kept = axes.slice(1, first), scale = lengths.slice(0, first).rsqrt();
    return {values(mean), values(deviation), (kept * scale).t().contiguous()};
}

void add_picture_memory(std::span<const std::vector<std::uint8_t>> pictures,
                        const PictureMemoryOptions &options, BundleContents &contents) {
    constexpr std::int64_t kMostCodes = 64;
    const torch::NoGradGuard no_grad;
    const auto features = features_of(pictures, options, contents.weights);
    const auto whitening = whitening_of(features.flatten(0, 1), kMostCodes);
    const auto codes = whitening.matrix.size(0), looks = features.size(0);
    // The members of the first place, then those of the next.
    const auto members = whitening.of(features.transpose(0, 1).flatten(0, 1));
    contents.manifest.graphs["segmenter"] = graph::defect_segmenter(
        options.channels,
        {.mean = whitening.mean, .deviation = whitening.deviation, .codes = codes, .members = looks});
    const auto all = kPlaces * looks;
    contents.weights["picture_memory.codes.weight"] =
        weight(whitening.matrix, {codes, whitening.matrix.size(1), 1, 1});
    contents.weights["picture_memory.members.weight"] = weight(members, {all, codes, 1, 1});
    contents.weights["picture_memory.members.bias"] = weight(members.square().sum(1) / -2, {all});
}

} // namespace mirra::trainer
