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
    const auto end = options.begin + options.count;
    for (auto begin = options.begin; begin < end; begin += options.batch) {
        const auto count = std::min(options.batch, end - begin);
        const auto batch = evaluation_batch(set, begin, count, options.extent);
        auto images = to_images(batch, options.device);
        const auto labels = torch::tensor(batch.labels).to(options.device);
        if (attack) images = attack(images, labels);
        right += classifier(images).argmax(1).eq(labels).sum().item<std::int64_t>();
    }
    return right;
}

} // namespace mirra::trainer
