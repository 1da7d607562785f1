// Batches of a set, through the network and back.
#include "tasks/inverter_validation.hpp"

#include "data/loaders.hpp"
#include "eval/classifier.hpp"

#include <algorithm>

namespace mirra::trainer {

Similarity reconstruction_similarity(PictureSet &set, const ReconstructionOptions &options,
                                     const std::function<torch::Tensor(const torch::Tensor &)> &reconstruct) {
    constexpr std::int64_t kBatch = 25;
    const torch::NoGradGuard no_grad;
    Similarity similarity;
    const auto count = std::min(options.pictures, set.size());
    for (std::int64_t begin = 0; begin < count; begin += kBatch) {
        std::vector<std::int64_t> indices;
        for (auto i = begin; i < std::min(begin + kBatch, count); ++i)
            indices.push_back(i * set.size() / count);
        const auto batch = evaluation_batch(set, indices, options.extent);
        if (batch.labels.empty()) continue;
        const auto images = to_images(batch, options.device).contiguous(at::MemoryFormat::ChannelsLast);
        add(similarity, reconstruct(images), images);
    }
    return similarity;
}

} // namespace mirra::trainer
