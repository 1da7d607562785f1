// Trainings on crops of clean pictures: what a denoiser's and that of a network of one's own have in common.
#pragma once

#include "core/graph_module.hpp"
#include "core/provenance.hpp"
#include "core/recorded_step.hpp"
#include "core/training_run.hpp"
#include "data/device_pictures.hpp"
#include "data/loaders.hpp"
#include "tasks/command.hpp"
#include "tasks/recipe_parts.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mirra::trainer {

struct CropCommand : RunCommand {
    std::vector<std::filesystem::path> data;
    /// Where crops are cut; not set: where the training runs, but on a processor by the loader's threads.
    std::optional<torch::Device> cut_on = {};
};

/// Declares --data. `command` must outlive `sub`.
void add_data_option(CLI::App &sub, CropCommand &command);

/// For add_run_options().
inline constexpr std::array kCropShortcuts{Shortcut{"--steps", "optimizer.steps"},
                                           Shortcut{"--batch", "data.batch"},
                                           Shortcut{"--seed", "training.seed"}};

struct CropRecipe {
    std::int64_t crop = 128, batch = 16;
    bool flips = true, rotations = true;
    AdamRecipe optimizer;
    double average_decay = 0;          ///< of the moving average of the weights; 0: none
    double freeze_statistics_from = 1; ///< share of the steps
    std::int64_t validation_every = 500, validation_pictures = 12;
    std::string precision = "bf16"; ///< bf16 | fp32 | auto (bf16 where the device is faster in it)
    std::uint64_t seed = 0;

    /// The keys data.*
    void declare_crops(RecipeKeys &keys);
    /// The keys optimizer.*
    void declare_optimizer(RecipeKeys &keys);
    /// The keys validation.every and validation.pictures.
    void declare_validation(RecipeKeys &keys);
};

[[nodiscard]] bool begins_with_any(const std::string &name, const std::vector<std::string> &prefixes);

/// A misspelt prefix would do nothing, in silence. @param key  of the recipe, in its table [network]
/// @throws Error invalid_argument where no weight of the network begins with one of them
void check_prefixes(const graph::Graph &network, const std::vector<std::string> &prefixes,
                    const std::string &key);

/// One process, a network, Adam. Tasks add what is made of the crops.
class CropTask : public TrainingTask {
  public:
    [[nodiscard]] std::int64_t steps() const override { return settings_.optimizer.schedule.steps; }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override;
    [[nodiscard]] std::vector<std::string> columns() const override;
    [[nodiscard]] std::int64_t validation_interval() const override { return settings_.validation_every; }
    void start(std::int64_t step) override;
    void step(std::int64_t step, Readings &readings) override;
    void validate(Readings &readings) override;
    void finish() override;

  protected:
    /// `command` must outlive the task. @throws Error
    CropTask(const CropCommand &command, Recipe recipe, CropRecipe settings);

    /// To be called once, by the constructor. @param rounds  the trainings before; empty: random weights
    void train(std::shared_ptr<GraphModule> network, std::vector<bundle::Round> rounds = {});

    using Tensors = RecordedStep::Tensors;
    /// What a step draws: what the network is given and what it is to make of that.
    /// @param clean  [N, 3, crop, crop] in [0, 1]
    virtual Tensors prepared(const torch::Tensor &clean, std::int64_t step) = 0;
    /// Of what prepared() gives. As RecordedStep::Compute.
    virtual torch::Tensor loss_of(const Tensors &batch) = 0;
    /// Height and width of the part of a validation picture that is looked at: its middle.
    [[nodiscard]] virtual std::int64_t validation_extent() const = 0;
    /// What the network makes of the picture after it was degraded, without gradients.
    /// @param clean  [1, 3, H, W] in [0, 1]  @param index  of the picture
    virtual torch::Tensor restored(const torch::Tensor &clean, std::int64_t index) = 0;
    /// Where the first weights are from, for people.
    [[nodiscard]] virtual std::string first_weights() const = 0;
    /// Of what beside recipe, data and seed makes the run what it is.
    [[nodiscard]] virtual std::string origin() const = 0;
    /// Options of this training beside those of all, each with its value.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>> own_words() const = 0;
    /// What a validation is done on, for its message: " at sigma 50".
    [[nodiscard]] virtual std::string validation_note() const = 0;
    virtual void write_bundle() = 0;

    [[nodiscard]] TrainingFacts facts() const;
    [[nodiscard]] const torch::Device &device() const { return device_; }
    [[nodiscard]] bool bf16() const { return bf16_; }
    [[nodiscard]] GraphModule &network() const { return *network_; }

  private:
    [[nodiscard]] std::vector<std::string> words() const;
    [[nodiscard]] torch::Tensor crops_of(CropBatch batch);
    double validation_psnr(const image::Image &picture, std::int64_t index);

    const CropCommand &command_;
    Recipe recipe_;
    CropRecipe settings_;
    torch::Device device_;
    bool bf16_;
    PictureSet data_;
    std::unique_ptr<PictureSet> validation_;
    std::vector<bundle::Round> rounds_; ///< the trainings before this one; empty: random weights
    std::shared_ptr<GraphModule> network_;
    std::unique_ptr<Adam> adam_;
    RecordedStep recorded_;
    std::unique_ptr<WeightAverage> average_;          ///< null: none
    std::unique_ptr<DevicePictures> device_pictures_; ///< null: crops are cut by the loader's threads
    std::unique_ptr<CropLoader> loader_;
};

} // namespace mirra::trainer
