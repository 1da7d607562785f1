// Every setting of a classifier training, as its recipe gives it.
#pragma once

#include "attacks/attack.hpp"
#include "core/recipe.hpp"
#include "core/schedule.hpp"
#include "core/sgd.hpp"
#include "mirra/architectures.hpp"
#include "tasks/picture_recipe.hpp"

#include <string>
#include <vector>

namespace mirra::trainer {

enum class Adversary : std::uint8_t { none, pgd, fgsm_rs, gairat };

struct EncoderRecipe : PictureRecipe {
    graph::ClassifierOptions network;
    double dropout = 0; ///< before the hidden linear layers (alexnet, vgg16)

    Adversary adversary = Adversary::none;
    Budget budget{Norm::l2, 0};
    std::int64_t attack_steps = 7;
    double step_size = 0;
    bool random_start = false, best_iterate = false;
    double gairat_lambda = -1;
    std::int64_t gairat_begin_epoch = 0; ///< before it, all pictures count alike

    double label_smoothing = 0;
    Sgd::Options sgd;
    std::int64_t epochs = 1;
    std::string schedule = "cosine"; ///< of the rate: constant | cosine | step
    double rate = 0.1, final_rate = 0, warmup_epochs = 0, step_factor = 0.1;
    std::int64_t step_every_epochs = 50;
    std::vector<std::int64_t> step_epochs; ///< where the rate drops, instead of every so many epochs
    double clip_norm = 0;                  ///< 0: gradients are not clipped
    double average_decay = 0;              ///< of the moving average of the weights; 0: none

    std::int64_t validation_every = 1, validation_pictures = 500; ///< epochs; pictures that are attacked
    double validation_epsilon = 0;
    std::int64_t validation_steps = 10;

    std::string precision = "auto"; ///< auto (bf16 where the device is faster in it) | bf16 | fp32
    bool channels_last = true;
    std::uint64_t seed = 0;

    /// @throws Error invalid_argument
    static EncoderRecipe read(Recipe &recipe);
    /// The attack's budget on pictures of another extent than the last: an l2 norm grows with the extent, so
    /// that the perturbation of a pixel stays the same.
    [[nodiscard]] Budget budget_at(std::int64_t picture_extent) const;
    /// Of the dropout masks of a step: every process draws its own.
    [[nodiscard]] std::uint64_t dropout_seed(std::int64_t step, int rank) const;
    /// The rate of every step of a run. @param steps_per_epoch  optimiser steps
    [[nodiscard]] Schedule steps(std::int64_t steps_per_epoch) const;
};

} // namespace mirra::trainer
