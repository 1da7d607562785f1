// Training a denoiser, step by step.
#pragma once

#include "core/adam.hpp"
#include "core/training_run.hpp"
#include "data/loaders.hpp"
#include "losses/comparator.hpp"
#include "tasks/denoiser.hpp"
#include "tasks/denoiser_network.hpp"
#include "tasks/denoiser_noise.hpp"
#include "tasks/denoiser_recipe.hpp"

#include <memory>

namespace mirra::trainer {

class DenoiserTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @throws Error
    DenoiserTask(const DenoiserCommand &command, Recipe recipe, DenoiserRecipe settings);

    [[nodiscard]] std::string name() const override { return "denoiser"; }
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss", "rate", "gradient_norm", "steps_per_second", "validation_psnr"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }
    void start(std::int64_t step) override;
    std::vector<double> step(std::int64_t step) override;
    void validate(std::vector<double> &values) override;
    void finish() override;

  private:
    torch::Tensor loss_of(const NoisyBatch &batch);
    torch::Tensor denoise(const torch::Tensor &noisy, const torch::Tensor &noise_level);
    [[nodiscard]] std::string first_weights() const;
    double validation_psnr();
    double validation_psnr(const image::Image &picture, std::int64_t index);

    const DenoiserCommand &command_;
    Recipe recipe_;
    DenoiserRecipe settings_;
    torch::Device device_;
    bool bf16_;
    PictureSet data_;
    std::unique_ptr<PictureSet> validation_;
    DenoiserOrigin origin_;
    std::shared_ptr<GraphModule> network_;
    std::unique_ptr<Comparator> comparator_; ///< null without a feature loss
    Adam adam_;
    std::unique_ptr<CropLoader> loader_;
};

} // namespace mirra::trainer
