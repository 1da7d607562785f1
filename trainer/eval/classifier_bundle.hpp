// The classifier of a bundle, as attacks and evaluations see it.
#pragma once

#include "attacks/attack.hpp"
#include "core/frozen_network.hpp"
#include "eval/classifier_origin.hpp"
#include "mirra/bundle.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

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
