// Training a generator, step by step (paper section 3.2, equations 3 to 7).
#pragma once

#include "core/graph_module.hpp"
#include "core/training_run.hpp"
#include "core/weight_average.hpp"
#include "losses/comparator.hpp"
#include "losses/discriminator.hpp"
#include "tasks/inverter.hpp"
#include "tasks/inverter_bundle.hpp"
#include "tasks/inverter_recipe.hpp"

#include <functional>
#include <memory>

namespace mirra::trainer {

class InverterTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @throws Error
    InverterTask(const InverterCommand &command, Recipe recipe, InverterRecipe settings);

    struct Pictures {
        std::shared_ptr<PictureSet> training, validation;
    };
    /// Those that the command names; for validation what --validation or the data's own split has, else a
    /// part of the data. @throws Error
    static Pictures open_pictures(const InverterCommand &command, const InverterRecipe &settings);
    /// With pictures instead of those that the command names.
    InverterTask(const InverterCommand &command, Recipe recipe, InverterRecipe settings, Pictures pictures);

    [[nodiscard]] std::string name() const override { return "inverter"; }
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override { return fingerprint(recipe_.source()); }
    /// With what matters of the recipe in its place.
    [[nodiscard]] std::string fingerprint(const std::string &recipe) const;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override {
        return {"loss",
                "pixel_loss",
                "feature_loss",
                "generator_loss",     // -log D
                "discriminator_loss", // both its parts
                "rate",
                "pictures_per_second",
                "validation_psnr",
                "validation_ssim"};
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }
    void start(std::int64_t step) override;
    std::vector<double> step(std::int64_t step) override;
    void validate(std::vector<double> &values) override;
    void finish() override { finish(write_inverter_bundle); }
    /// Hands over what was trained instead of writing the bundle of an inverter.
    void finish(const std::function<void(const InverterBundle &)> &write);
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }

  private:
    struct Losses {
        torch::Tensor total;
        double pixel = 0, feature = 0, adversarial = 0, discriminator = 0;
    };
    std::shared_ptr<GraphModule> make_generator();
    void load_initial(GraphModule &generator);
    Comparator make_comparator(const std::string &layer) const;
    void make_discriminator();
    void check_extents() const;
    torch::Tensor generate(const torch::Tensor &features);
    Losses losses_of(const torch::Tensor &output, const torch::Tensor &images, const torch::Tensor &features,
                     std::int64_t step);

    const InverterCommand &command_;
    Recipe recipe_;
    std::shared_ptr<const bundle::Bundle> encoder_bundle_;
    InverterRecipe settings_; ///< with the layers filled in
    torch::Device device_;
    bool bf16_;
    std::string initial_; ///< checksum of the bundle that the training starts from; empty: random
    std::shared_ptr<PictureSet> data_, validation_;
    std::shared_ptr<GraphModule> generator_;
    Comparator encoder_;                     ///< up to the inverted layer
    std::unique_ptr<Comparator> comparator_; ///< up to the compared layer; null: the same
    std::unique_ptr<Discriminator> discriminator_;
    Adam adam_;
    std::unique_ptr<WeightAverage> average_;
    std::unique_ptr<ClassLoader> loader_;
};

} // namespace mirra::trainer
