// Features of good pictures, whitened; the network that compares others with them.
#include "tasks/picture_memory.hpp"

#include "core/graph_module.hpp"
#include "core/progress.hpp"
#include "core/tensor_values.hpp"
#include "data/evenly_spaced.hpp"
#include "data/pasted_defects.hpp"
#include "host/pixels.hpp"
#include "host/resample.hpp"
#include "log/log.hpp"
#include "mirra/defect_segmenter.hpp"
#include "mirra/error.hpp"
#include "tasks/feature_memory.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kPlaces = graph::kPicturePlaces * graph::kPicturePlaces;

/// {1, 3, extent, extent}, as the plugin gives a picture to the network.
torch::Tensor normalised(const image::Image &picture, std::int64_t extent) {
    const runtime::Rect all{0, 0, extent, extent};
    const auto view = picture.view();
    std::vector<float> values(static_cast<std::size_t>(3 * extent * extent)), shares;
    host::load_resampled(host::see(view), extent, extent, all, 3, values);
    if (view.has_alpha()) {
        shares.resize(static_cast<std::size_t>(extent * extent));
        host::load_resampled_alpha(view, extent, extent, all, shares);
    }
    normalise_picture(values, shares);
    return torch::from_blob(values.data(), {1, extent, extent, 3}).permute({0, 3, 1, 2}).clone();
}

/// Of each picture and of the same turned, place by place: {looks, places, D}.
torch::Tensor features_of(const PictureSet &pictures, const PictureMemoryOptions &options,
                          const bundle::Weights &weights) {
    GraphModule network(graph::picture_features(options.channels), {});
    network.load(weights);
    network.to(options.device);
    network.eval();
    std::vector<torch::Tensor> found;
    const auto count = std::min(options.most, pictures.size());
    Progress progress("memory of pictures", count);
    for (std::int64_t i = 0; i < count; ++i) {
        if (interrupted()) throw Error(ErrorCode::cancelled, "interrupted while the memory was made");
        progress.update(i + 1);
        const auto index = evenly_spaced(i, count, pictures.size());
        try {
            const auto upright = normalised(pictures.original(index), options.extent);
            const auto both = torch::cat({upright, upright.flip({2, 3})}).to(options.device);
            const auto maps = network.forward({{"normalised", both}}).at("features").to(at::kCPU, at::kFloat);
            found.push_back(maps[0].flatten(1).t());
            found.push_back(maps[1].flip({1, 2}).flatten(1).t());
        } catch (const Error &error) {
            log_warning("skipped " + pictures.name(index) + ": " + error.what());
        }
    }
    if (found.empty())
        throw Error(ErrorCode::corrupt, "none of the pictures can be read", pictures.name(0),
                    "check the files");
    return torch::stack(found);
}

} // namespace

torch::Tensor Whitening::of(const torch::Tensor &features) const {
    const auto row = [](const std::vector<double> &numbers) { return torch::tensor(numbers, at::kDouble); };
    return ((features.to(at::kDouble) - row(mean)) / row(deviation)).mm(matrix.t());
}

Whitening whitening_of(const torch::Tensor &features, std::int64_t most) {
    constexpr double kShrunk = 0.1;
    const auto all = features.to(at::kDouble);
    const auto mean = all.mean(0), deviation = noticeable(all.std(0));
    const auto scaled = (all - mean) / deviation;
    const auto count = all.size(0), features_count = all.size(1);
    const auto correlation = scaled.t().mm(scaled) / static_cast<double>(count - 1);
    const auto shrunk = (1 - kShrunk) * correlation + kShrunk * torch::eye(features_count, at::kDouble);
    const auto [lengths, axes] = at::linalg_eigh(shrunk); // in ascending order
    const auto codes = std::clamp<std::int64_t>(std::min(most, count - 1), 1, features_count);
    const auto first = features_count - codes;
    const auto kept = axes.slice(1, first), scale = lengths.slice(0, first).rsqrt();
    return {to_doubles(mean), to_doubles(deviation), (kept * scale).t().contiguous()};
}

void add_picture_memory(const PictureSet &pictures, const PictureMemoryOptions &options,
                        BundleContents &contents) {
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
    contents.weights["picture_memory.codes.weight"] = to_weight(whitening.matrix.view({codes, -1, 1, 1}));
    contents.weights["picture_memory.members.weight"] = to_weight(members.view({all, codes, 1, 1}));
    contents.weights["picture_memory.members.bias"] = to_weight(members.square().sum(1) / -2);
}

} // namespace mirra::trainer
