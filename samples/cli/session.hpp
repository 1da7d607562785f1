// Options that everything which runs a network shares, and the session made from them.
#pragma once

#include "handles.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace CLI {
class App;
}

namespace mirra::cli {

/// --bundle, --device, --precision, --memory-limit, --threads, --tile-size.
struct RunSettings {
    std::string bundle;
    std::string quality; ///< one of the task's, in place of a bundle; "": none
    std::string device = "cpu";
    std::string precision = "auto";
    std::uint64_t memory_megabytes = 0;
    int threads = 0;
    int tile_size = 0;

    /// Adds all but --bundle and --tile-size.
    void declare(CLI::App &app);
    void declare_bundle(CLI::App &app);
    void declare_tile_size(CLI::App &app);

    [[nodiscard]] std::int32_t precision_value() const;
    [[nodiscard]] std::uint64_t memory_bytes() const { return memory_megabytes << 20; }
    /// The threads that the CPU kernels will use: those asked for, else all that the process may use.
    [[nodiscard]] int thread_count() const;
};

/// A session for a task with its parameters (by name, as text) set. Throws Failure.
Session open_session(const Engine &engine, const std::string &task, const RunSettings &settings,
                     const std::map<std::string, std::string> &params);

} // namespace mirra::cli
