// Classifiers of bundles on batches of pictures.
#pragma once

#include "attacks/attack.hpp"
#include "core/frozen_network.hpp"
#include "core/progress.hpp"
#include "data/loaders.hpp"
#include "eval/evaluation.hpp"
#include "mirra/bundle.hpp"
#include "runtime/torch/libtorch.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

struct PictureBatch {
    torch::Tensor ids; ///< int64 [N], the pictures' places among all
    torch::Tensor images, labels;
};

/// The classifier, but that a pass after Ctrl-C throws Interrupted. Needs an InterruptGuard.
inline Classifier interruptible(Classifier classifier) {
    return [classifier = std::move(classifier)](const torch::Tensor &images) {
        if (interrupted()) throw Interrupted{};
        return classifier(images);
    };
}

/// @param visit  is given `size` pictures a time, the last time the rest
inline void for_each_batch(const torch::Tensor &images, const torch::Tensor &labels, std::int64_t size,
                           const torch::Device &device,
                           const std::function<void(const PictureBatch &)> &visit) {
    for (const auto &rows : torch::arange(images.size(0)).split(size)) {
        const auto taken = images.index_select(0, rows.to(images.device())).to(device);
        visit({.ids = rows,
               .images = taken.contiguous(at::MemoryFormat::ChannelsLast),
               .labels = labels.index_select(0, rows.to(labels.device())).to(device)});
    }
}

/// A batch as [N, 3, extent, extent], fp32 in [0, 1], channels last.
torch::Tensor to_images(const ClassBatch &batch, const torch::Device &device);

struct AccuracyOptions {
    std::vector<std::int64_t> pictures; ///< of the set, by index
    std::int64_t extent = 0, batch = 0;
    torch::Device device = torch::kCPU;
};

/// Moves images where the classifier errs. Called on batches that lie on the device.
using Perturbation = std::function<torch::Tensor(const torch::Tensor &images, const torch::Tensor &labels)>;

/// @param attack  none: clean pictures
/// @returns the pictures that are classified right
std::int64_t count_correct(PictureSet &set, const AccuracyOptions &options, const Classifier &classifier,
                           const Perturbation &attack = {});

/// What a classifier bundle says of the pictures that it was trained on.
struct ClassifierOrigin {
    std::int64_t extent = 0;          ///< height and width; 0 where the bundle does not say
    std::vector<std::string> classes; ///< names by label; empty where it does not say
};

/// @param file  named in errors
/// @throws Error corrupt when it says what cannot be
ClassifierOrigin classifier_origin(const bundle::Bundle &bundle, const std::string &file);

/// One thread.
class ClassifierBundle {
  public:
    /// Uses the bundle's graph "classifier", whose lone input is a picture and whose first output is logits,
    /// in fp32.
    /// @param file  named in errors
    /// @throws Error not_found | mismatch | corrupt
    ClassifierBundle(std::shared_ptr<const bundle::Bundle> bundle, const torch::Device &device,
                     const std::filesystem::path &file = {});

    [[nodiscard]] Classifier classifier();
    [[nodiscard]] std::int64_t classes() const { return classes_; }
    /// Names of the classes by label, as the training left them; empty where it did not.
    [[nodiscard]] const std::vector<std::string> &class_names() const { return origin_.classes; }
    /// Height and width of the training's pictures; 0 where the bundle does not say.
    [[nodiscard]] std::int64_t extent() const { return origin_.extent; }
    [[nodiscard]] const bundle::Bundle &bundle() const { return *bundle_; }

  private:
    std::shared_ptr<const bundle::Bundle> bundle_;
    std::unique_ptr<FrozenNetwork> network_;
    ClassifierOrigin origin_;
    std::int64_t classes_ = 0;
};

} // namespace mirra::trainer
