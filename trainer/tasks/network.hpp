// mirra-train network: trains a network of one's own to restore pictures that were made worse.
#pragma once

#include "data/degradation.hpp"
#include "mirra/bundle.hpp"
#include "tasks/crop_training.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

struct NetworkCommand : CropCommand {
    std::filesystem::path graph;                ///< JSON
    std::vector<std::filesystem::path> weights; ///< files that together hold the first; empty: random ones
    std::string task;                           ///< that the bundle is for
    std::vector<std::string> defaults;          ///< "KEY=VALUE" each
    bool unchecked = false;                     ///< without asking the task's plugin
};

struct NetworkRecipe : CropRecipe {
    std::vector<std::string> zero_init, frozen; ///< prefixes of weights
    Degradation degradation;
    bool pixel_l1 = true; ///< otherwise squared error

    NetworkRecipe() {
        precision = "auto";
        average_decay = 0.999;
        crop = 96;
    }
    void declare(RecipeKeys &keys);
    /// @throws Error invalid_argument
    static NetworkRecipe read(const Recipe &recipe) { return read_recipe<NetworkRecipe>(recipe); }
};

/// Refuses networks that cannot be trained so: they take one picture of three channels and give one with the
/// size that it had before it was degraded.
/// @throws Error invalid_argument | mismatch
void check_network(const graph::Graph &network, const NetworkRecipe &recipe);

/// First weights by op: of convolutions and linear layers so that variances last through ReLUs (He et al.
/// 2015), of others so that they change nothing. From the global generator.
/// @param zero  prefixes of weights that stay at zero
void start_evenly(GraphModule &network, const std::vector<std::string> &zero);

/// `command` must outlive the task. @throws Error
std::unique_ptr<TrainingTask> network_task(const NetworkCommand &command);

/// Trains, or goes on training, and writes the bundle. Returns the process's exit status. @throws Error
int train_network(const NetworkCommand &command);

} // namespace mirra::trainer
