// mirra-train attack: clean and robust accuracy of a classifier bundle.
#pragma once

#include "attacks/autoattack.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

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

/// Two-sided interval of 95 % for a share (Wilson 1927).
struct Interval {
    double low = 0, high = 0;
};
Interval confidence(std::int64_t hits, std::int64_t count);

struct LabelledImages {
    torch::Tensor images; ///< [N, 3, extent, extent] fp32 in [0, 1], on the CPU
    torch::Tensor labels; ///< int64 [N]
    std::vector<std::string> skipped;
};

/// The pictures of an evaluation. @throws Error as ClassSet, mismatch when the classes are not the bundle's
LabelledImages load_images(const RobustnessEvaluation &evaluation,
                           const std::vector<std::string> &class_names, std::int64_t classes,
                           std::int64_t extent);

/// Adds the subcommand; `status` gets the exit status: 1 when pictures had to be skipped, 130 after Ctrl-C.
void add_attack_command(CLI::App &app, int &status);

} // namespace mirra::trainer
