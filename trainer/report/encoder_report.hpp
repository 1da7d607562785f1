// mirra-train report: a page about a finished training of an encoder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

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

/// Writes the page, one file that needs no other. @throws Error; Interrupted after Ctrl-C, before it writes
void write_report(const EncoderReport &report);

/// Adds the subcommand; `status` gets the exit status when it was called.
void add_report_command(CLI::App &app, int &status);

} // namespace mirra::trainer
