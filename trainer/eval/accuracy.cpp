// Accuracy in batches.
#include "eval/accuracy.hpp"

#include <algorithm>

namespace mirra::trainer {

torch::Tensor to_images(const ClassBatch &batch, const torch::Device &device) {
    constexpr double kFullRange = 255;
    const auto count = static_cast<std::int64_t>(batch.labels.size());
    const auto bytes = torch::from_blob(const_cast<std::uint8_t *>(batch.pixels.data()),
                                        {count, batch.extent, batch.extent, 3}, at::kByte);
    return (bytes.to(device).to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

std::int64_t count_correct(ClassSet &set, const AccuracyOptions &options, const Classifier &classifier,
                           const Perturbation &attack) {
    const torch::NoGradGuard no_grad;
    std::int64_t right = 0;
    const std::span<const std::int64_t> pictures(options.pictures);
    const auto step = static_cast<std::size_t>(options.batch);
    for (std::size_t begin = 0; begin < pictures.size(); begin += step) {
        const auto indices = pictures.subspan(begin, std::min(step, pictures.size() - begin));
        const auto batch = evaluation_batch(set, indices, options.extent);
        if (batch.labels.empty()) continue;
        auto images = to_images(batch, options.device);
        const auto labels = torch::tensor(batch.labels).to(options.device);
        if (attack) images = attack(images, labels);
        right += classifier(images).argmax(1).eq(labels).sum().item<std::int64_t>();
    }
    return right;
}

} // namespace mirra::trainer
