// Accuracy in batches.
#include "eval/accuracy.hpp"

#include <algorithm>

namespace mirra::trainer {

torch::Tensor to_images(const ClassBatch &batch, std::int64_t extent, const torch::Device &device) {
    constexpr double kFullRange = 255;
    const auto count = static_cast<std::int64_t>(batch.labels.size());
    const auto bytes = torch::from_blob(const_cast<std::uint8_t *>(batch.pixels.data()),
                                        {count, extent, extent, 3}, at::kByte);
    return (bytes.to(device).to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

double accuracy(ClassSet &set, const AccuracyOptions &options, const Classifier &classifier,
                const Perturbation &attack) {
    const torch::NoGradGuard no_grad;
    std::int64_t right = 0;
    for (std::int64_t begin = 0; begin < options.count; begin += options.batch) {
        const auto count = std::min(options.batch, options.count - begin);
        const auto batch = evaluation_batch(set, begin, count, options.extent);
        auto images = to_images(batch, options.extent, options.device);
        const auto labels = torch::tensor(batch.labels).to(options.device);
        if (attack) images = attack(images, labels);
        right += classifier(images).argmax(1).eq(labels).sum().item<std::int64_t>();
    }
    return static_cast<double>(right) / static_cast<double>(options.count);
}

} // namespace mirra::trainer
