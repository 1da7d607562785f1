// Generators against optimisation over pixels, on the same features (Table 7).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct Comparison {
    std::vector<std::filesystem::path>
        bundles; ///< inverters of one encoder; the first's features are searched
    std::vector<std::string> data;
    std::int64_t extent = 0; ///< 0: that of the first bundle's training
    std::int64_t count = 50, batch = 25;
    int iterations = 500;
    double step = 1;
    std::uint64_t seed = 16;
    std::string device = "cpu";
    int threads = 0;
    std::filesystem::path csv, sheet, plot; ///< plot: the feature distance over the iterations
};

/// Adds the subcommand of `eval`.
void add_comparison(CLI::App &eval, int &status);

} // namespace mirra::trainer
