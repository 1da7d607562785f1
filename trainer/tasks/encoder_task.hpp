// Training a classifier, step by step.
#pragma once

#include "attacks/gradient_attacks.hpp"
#include "core/frozen_network.hpp"
#include "core/provenance.hpp"
#include "core/training_run.hpp"
#include "core/weight_average.hpp"
#include "distributed/process_group.hpp"
#include "eval/classifier.hpp"
#include "tasks/encoder.hpp"
#include "tasks/encoder_recipe.hpp"

#include <memory>

namespace mirra::trainer {

class EncoderTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @param environment  its processes share a batch evenly
    /// @throws Error
    EncoderTask(const EncoderCommand &command, Recipe recipe, EncoderRecipe settings,
                const ProcessEnvironment &environment);

    [[nodiscard]] std::string name() const override { return settings_.network.architecture; }
    [[nodiscard]] std::int64_t steps() const override { return schedule_.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss",
                "accuracy",
                "rate",
                "pictures_per_second",
                "waiting_for_pictures", // share of the step's time
                "validation_clean",
                "validation_robust"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override {
        return settings_.validation_every * steps_per_epoch_;
    }
    void start(std::int64_t step) override;
    std::vector<double> step(std::int64_t step) override;
    void validate(std::vector<double> &values) override;
    void finish() override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] const ProcessGroup &processes() const override { return processes_; }

  private:
    struct Adversarial {
        torch::Tensor images, weights; ///< weights of the images' losses; undefined: all one
    };
    std::shared_ptr<GraphModule> make_network();
    void load_initial(GraphModule &network);
    [[nodiscard]] ClassLoaderOptions loader_options() const;
    void check_classes() const;
    [[nodiscard]] Adversarial gairat(const Classifier &classifier, const torch::Tensor &images,
                                     const torch::Tensor &labels, const PgdOptions &options,
                                     const Randomness &randomness) const;
    Adversarial attack(const torch::Tensor &images, const torch::Tensor &labels, std::int64_t step);
    torch::Tensor loss_of(const torch::Tensor &logits, const torch::Tensor &labels,
                          const torch::Tensor &weights) const;
    /// Share of `count` validation pictures that are classified right; all processes share the
    /// work.
    [[nodiscard]] double accuracy(std::int64_t count, const Perturbation &attack = {});
    [[nodiscard]] double robust_accuracy();

    const EncoderCommand &command_;
    Recipe recipe_;
    EncoderRecipe settings_;
    torch::Device device_;
    bool bf16_;
    std::string initial_; ///< checksum of the weights that the training starts from; empty: random
    PictureSet data_;
    std::unique_ptr<PictureSet> validation_;
    ProcessGroup processes_;
    graph::ClassifierGraphs graphs_;
    std::shared_ptr<GraphModule> network_;
    FrozenNetwork frozen_;
    Sgd sgd_;
    GradientAverage gradients_;
    std::unique_ptr<WeightAverage> average_;
    std::int64_t steps_per_epoch_;
    Schedule schedule_;
    double clean_ = 0, robust_ = 0; ///< of the last validation
    std::unique_ptr<ClassLoader> loader_;
};

} // namespace mirra::trainer
