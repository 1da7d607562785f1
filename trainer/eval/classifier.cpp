#include "eval/classifier.hpp"

#include "core/device.hpp"
#include "mirra/architectures.hpp"
#include "mirra/error.hpp"
#include "mirra/provenance.hpp"

#include <algorithm>

namespace mirra::trainer {

torch::Tensor to_images(const ClassBatch &batch, const torch::Device &device) {
    constexpr double kFullRange = 255;
    const auto count = static_cast<std::int64_t>(batch.labels.size());
    const auto bytes = torch::from_blob(const_cast<std::uint8_t *>(batch.pixels.data()),
                                        {count, batch.extent, batch.extent, 3}, at::kByte);
    return (sent(bytes, device).to(at::kFloat) / kFullRange).permute({0, 3, 1, 2});
}

std::int64_t count_correct(PictureSet &set, const AccuracyOptions &options, const Classifier &classifier,
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

ClassifierOrigin classifier_origin(const bundle::Bundle &bundle, const std::string &file) {
    constexpr std::int64_t kSmallest = 8, kLargest = 4096;
    const auto provenance = bundle::parse_provenance(bundle.manifest());
    const auto check = [&](const std::string &key, bool fits, const std::string &expected) {
        if (fits && std::ranges::count(provenance.damaged, key) == 0) return;
        throw Error(ErrorCode::corrupt, "the manifest's provenance." + key + " is not " + expected, file,
                    "write the bundle anew with mirra-train encoder or mirra-train import");
    };
    const auto extent = provenance.extent.value_or(kSmallest);
    check("extent", extent >= kSmallest && extent <= kLargest, "an integer from 8 to 4096");
    check("classes", true, "a list of names");
    return {.extent = provenance.extent.value_or(0), .classes = provenance.classes};
}

ClassifierBundle::ClassifierBundle(std::shared_ptr<const bundle::Bundle> bundle, const torch::Device &device,
                                   const std::filesystem::path &file)
    : bundle_(std::move(bundle))
    , origin_(classifier_origin(*bundle_, file.string())) {
    const auto &graph = bundle_->graph("classifier");
    if (graph.inputs.size() != 1 || graph.inputs.front().channels != 3)
        throw Error(ErrorCode::mismatch, "the graph 'classifier' does not take one colour picture",
                    graph.name);
    auto module = std::make_shared<GraphModule>(graph, GraphModule::Options{});
    module->load(*bundle_);
    module->to(device);
    for (auto &parameter : module->parameters()) parameter.set_requires_grad(false);
    network_ = std::make_unique<FrozenNetwork>(module, at::kFloat);
    network_->refresh();
    classes_ = graph::logit_count(graph);
    if (classes_ < 2)
        throw Error(ErrorCode::mismatch,
                    "the graph 'classifier' ends in no linear layer or convolution of two classes or more",
                    graph.name);
    if (!origin_.classes.empty() && std::ssize(origin_.classes) != classes_)
        throw Error(ErrorCode::corrupt,
                    "the bundle names " + std::to_string(origin_.classes.size()) +
                        " classes, and its network has " + std::to_string(classes_),
                    file.string(), "write the bundle anew with mirra-train encoder or mirra-train import");
}

Classifier ClassifierBundle::classifier() {
    return [this](const torch::Tensor &images) { return network_->forward(images); };
}

} // namespace mirra::trainer
