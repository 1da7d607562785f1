// mirra-train attack: clean and robust accuracy of a classifier bundle, and signs of gradient masking.
#pragma once

#include "attacks/attack.hpp"
#include "attacks/autoattack.hpp"
#include "eval/statistics.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Signs of gradient masking: a network that hides its gradients looks robust and is not (Athalye et al.
/// 2018).
struct MaskingReport {
    static constexpr int kQueries = 1000;          ///< of the Square attack
    static constexpr double kUnboundedFactor = 16; ///< multiple of the budget
    std::int64_t images = 0;
    std::vector<double> loss_over_steps;    ///< mean cross-entropy before PGD and after each of its steps
    std::vector<double> restart_accuracies; ///< under PGD from random starts, one a seed
    double pgd_accuracy = 0;                ///< under all of them together
    double square_accuracy = 0;             ///< under the Square attack, which needs no gradient
    double unbounded_accuracy = 0; ///< under PGD with that multiple: about 0 unless gradients mislead

    /// Plain sentences, one a sign that was found; empty: none.
    [[nodiscard]] std::vector<std::string> signs() const;
};

struct MaskingOptions {
    Budget budget;
    std::int64_t batch = 250;
    std::uint64_t seed = 0; ///< image i draws from (seed, i), whatever the batches
    torch::Device device = torch::kCPU;
};

/// @param images  [N, 3, H, W], N > 0, on any device; batches go to options.device; @param labels  int64 [N]
MaskingReport check_masking(const Classifier &classifier, const torch::Tensor &images,
                            const torch::Tensor &labels, const MaskingOptions &options);

struct RobustnessEvaluation {
    std::filesystem::path bundle;
    std::vector<std::string> data; ///< see open_pictures() and evaluation_split()
    std::string attack = "autoattack";
    Budget budget{Norm::l2, 0};
    std::int64_t steps = 20; ///< of pgd
    double step_size = 0;    ///< of pgd; 0: usual_step_size()
    std::int64_t restarts = 1;
    std::int64_t count = 0;  ///< the first so many pictures of a seeded shuffle; 0: all
    std::int64_t extent = 0; ///< 0: that of the bundle's training
    std::int64_t batch = 250;
    std::uint64_t seed = 0;
    std::string device = "cpu";
    int threads = 0;
    bool masking = false, json = false, record = false;
};

struct LabelledImages {
    torch::Tensor images; ///< [N, 3, extent, extent] fp32 in [0, 1], on the CPU
    torch::Tensor labels; ///< int64 [N]
    std::vector<std::string> skipped;
};

/// The pictures of an evaluation. @throws Error as PictureSet, mismatch when the classes are not the bundle's
LabelledImages load_images(const RobustnessEvaluation &evaluation,
                           const std::vector<std::string> &class_names, std::int64_t classes,
                           std::int64_t extent);

/// Adds the subcommand; `status` gets the exit status: 1 when pictures had to be skipped, 130 after Ctrl-C.
void add_attack_command(CLI::App &app, int &status);

/// Prints the table, or with evaluation.json one JSON object, to standard output.
void print_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result,
                      const std::optional<MaskingReport> &masking);

/// Replaces the manifest's row of the same data, attack, norm and epsilon. The weights are rewritten
/// unchanged.
/// @throws Error
void record_robustness(const RobustnessEvaluation &evaluation, const Evaluation &result);

} // namespace mirra::trainer
