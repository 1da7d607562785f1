// What is measured for the page about an encoder: adversarial examples and signs of gradient masking.
#pragma once

#include "attacks/gradient_attacks.hpp"
#include "eval/robustness.hpp"
#include "report/finished_run.hpp"
#include "runtime/torch/libtorch.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mirra::trainer {

/// A picture [3, H, W] of values in [0, 1] as a PNG in a data URI; small ones enlarged by a whole factor to
/// about 128 pixels, without smoothing.
std::string picture_uri(const torch::Tensor &picture);

/// A difference around gray: 0.5 + factor x difference, clipped.
torch::Tensor enlarged_difference(const torch::Tensor &difference, double factor);

/// The round factor under which nearly all of these differences stay within the range of a picture.
double difference_factor(const torch::Tensor &differences);

/// A gradient around gray, in units of its own standard deviation, clipped at kGradientSigmas of them.
torch::Tensor gradient_picture(const torch::Tensor &gradient);
constexpr double kGradientSigmas = 3;

/// One network's view of N pictures, on the CPU.
struct NetworkView {
    std::string name;
    torch::Tensor clean;       ///< [N, K]: probabilities of the classes
    torch::Tensor adversarial; ///< [N, 3, H, W]: what PGD on this network made of the pictures
    torch::Tensor attacked;    ///< [N, K]: probabilities of the classes then
    torch::Tensor gradient;    ///< [N, 3, H, W]: of the true class's logit by the picture
};

struct AdversarialExamples {
    torch::Tensor images, labels; ///< [N, 3, H, W] in [0, 1], int64 [N], on the CPU
    std::vector<std::string> classes;
    std::string data; ///< where the pictures are from, for people
    std::uint64_t seed = 0;
    PgdOptions attack;
    NetworkView own;
    std::optional<NetworkView> other;
};

/// PGD as the examples use it: 20 steps from the picture itself, the best iterate.
PgdOptions example_attack(const Budget &budget);

struct ViewOptions {
    PgdOptions attack;
    std::int64_t batch = 64;
    torch::Device device = torch::kCPU; ///< where the classifier is
};

/// @param images, labels  on the CPU, at least one
NetworkView view_of(const Classifier &classifier, const torch::Tensor &images, const torch::Tensor &labels,
                    const ViewOptions &options);

/// Indices of up to `count` labels in their order, no class twice before every class was there once, and so
/// on: few examples show many classes, and which ones does not depend on what the network makes of them.
std::vector<std::int64_t> spread_over_classes(const torch::Tensor &labels, std::int64_t count);

struct EncoderReport {
    std::filesystem::path run;     ///< the folder of the run
    std::filesystem::path output;  ///< empty: report.html in it
    std::filesystem::path bundle;  ///< empty: the run's
    std::filesystem::path compare; ///< bundle of another network on the same classes; empty: none
    std::vector<std::string> data; ///< empty: what the training was validated on
    bool no_examples = false;      ///< neither examples nor checks, so that no data is needed
    std::int64_t count = 6, masking_count = 64;
    std::int64_t batch = 64; ///< of both
    double epsilon = 0;      ///< 0: the run's
    std::uint64_t seed = 0;
    std::string device = "cpu";
    int threads = 0;
};

/// What is measured for the page.
struct EncoderFindings {
    std::optional<AdversarialExamples> examples;
    std::optional<MaskingReport> masking;
    std::vector<std::string> skipped;
};

/// The perturbation of the examples. @throws Error invalid_argument where the run had none and none was given
Budget budget_of(const EncoderReport &report, const FinishedRun &run);

/// Attacks and checks. @throws Error; Interrupted after Ctrl-C
EncoderFindings find_for_page(const EncoderReport &report, const FinishedRun &run);

} // namespace mirra::trainer
