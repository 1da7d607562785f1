// mirra-train encoder: trains a classifier on labelled pictures, on adversarial examples of them if asked to.
// Its command, recipe, record and bundle.
#pragma once

#include "attacks/attack.hpp"
#include "core/graph_module.hpp"
#include "core/optimizer.hpp"
#include "core/provenance.hpp"
#include "core/recipe.hpp"
#include "core/run_folder.hpp"
#include "core/training_run.hpp"
#include "distributed/environment.hpp"
#include "mirra/architectures.hpp"
#include "tasks/command.hpp"
#include "tasks/recipe_parts.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

struct EncoderCommand : RunCommand {
    std::vector<std::string> data, validation; ///< see open_pictures(); no validation: the data's own split
    std::filesystem::path init; ///< bundle whose weights the training starts from; empty: random
};

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> encoder_task(const EncoderCommand &command,
                                           const ProcessEnvironment &environment = process_environment());

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status.
/// @throws Error
int train_encoder(const EncoderCommand &command);

enum class Adversary : std::uint8_t { none, pgd, fgsm_rs, gairat };

struct EncoderRecipe : PictureRecipe {
    graph::ClassifierOptions network{.architecture = "resnet18"}; ///< which takes the default extent
    double dropout = 0; ///< before the hidden linear layers (alexnet, vgg16)

    Adversary adversary = Adversary::none;
    Budget budget{Norm::l2, 0};
    std::int64_t attack_steps = 7;
    double step_size = 0;
    double attack_warmup_epochs = 0;
    bool random_start = false, best_iterate = false;
    double gairat_lambda = -1;
    std::int64_t gairat_begin_epoch = 0; ///< before it, all pictures count alike

    double label_smoothing = 0;
    Sgd::Options sgd;
    std::int64_t epochs = 1;
    std::string schedule = "cosine"; ///< of the rate: constant | cosine | step
    double rate = 0.1, final_rate = 0, warmup_epochs = 0, step_factor = 0.1;
    std::int64_t step_every_epochs = 50;
    std::vector<double> step_factors;      ///< of each of step_epochs, instead of one for all
    std::vector<std::int64_t> step_epochs; ///< where the rate drops, instead of every so many epochs
    double clip_norm = 0;                  ///< 0: gradients are not clipped
    double average_decay = 0;              ///< of the moving average of the weights; 0: none

    std::int64_t validation_every = 1, validation_pictures = 500; ///< epochs; pictures that are attacked
    double validation_epsilon = 0;
    std::int64_t validation_steps = 10;

    std::string precision = "auto"; ///< auto (bf16 where the device is faster in it) | bf16 | fp32
    bool channels_last = true;
    std::uint64_t seed = 0;

    void declare(RecipeKeys &keys);
    /// @throws Error invalid_argument
    static EncoderRecipe read(const Recipe &recipe) { return read_recipe<EncoderRecipe>(recipe); }
    /// The attack's budget on pictures of another extent than the last: an l2 norm grows with the extent, so
    /// that the perturbation of a pixel stays the same.
    [[nodiscard]] Budget budget_at(std::int64_t picture_extent) const;
    /// What epsilon and step size are multiplied by in a step: above 0, and 1 after the attack's warm-up.
    [[nodiscard]] double attack_strength(std::int64_t step, std::int64_t steps_per_epoch) const;
    /// Of the dropout masks of a step: every process draws its own.
    [[nodiscard]] std::uint64_t dropout_seed(std::int64_t step, int rank) const;
    /// The rate of every step of a run. @param steps_per_epoch  optimiser steps
    [[nodiscard]] Schedule steps(std::int64_t steps_per_epoch) const;
};

/// As the run's record has them.
std::vector<std::string> words_of(const EncoderCommand &command);

struct EncoderBundle {
    const std::filesystem::path &output;
    const graph::ClassifierGraphs &graphs;
    const GraphModule &network;
    const EncoderRecipe &settings;
    const std::vector<std::string> &classes;
    std::string licence;
    TrainingFacts facts;
};

/// Writes the bundle in fp16, with the graphs "encoder" and "classifier". @throws Error io
void write_encoder_bundle(const EncoderBundle &bundle);

} // namespace mirra::trainer
