// Runs the `mirra` command and makes the files that it works on.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace mirra::test {

/// What a run of the command gave.
struct Outcome {
    int exit_code = -1; ///< 128 + the signal if one ended it
    std::string out;
    std::string err;
    double cpu_seconds = 0; ///< of the processor, in user and system mode

    /// The standard output as JSON; a test fails by exception if it is none.
    [[nodiscard]] nlohmann::json json() const { return nlohmann::json::parse(out); }
};

/// When to send a signal to a run, unless it has ended before.
struct Signal {
    int number = SIGINT;
    std::chrono::milliseconds after{};
    bool ignored = false; ///< whether the run is started with it ignored, as by nohup
};

/// Runs `mirra ARGUMENTS...` with MIRRA_TEST_BUNDLE_PATH, or else the repository's bundles, as
/// MIRRA_BUNDLE_PATH.
Outcome run_cli(const std::vector<std::string> &arguments, std::optional<Signal> signal = std::nullopt);

/// A fresh folder that is removed with the object.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;

    /// Path of a file in it, as text.
    [[nodiscard]] std::string operator/(const std::string &name) const { return (path_ / name).string(); }
    [[nodiscard]] std::vector<std::string> names() const; ///< sorted, of the files right in it

  private:
    std::filesystem::path path_;
};

/// Writes interleaved samples of 8 bits as a picture file.
/// @param color    MIRRA_COLOR_*, as many samples a pixel
/// @param profile  ICC; empty: none
void write_samples(const std::string &path, int width, int height, int color,
                   std::vector<std::uint8_t> samples, const std::string &profile = {});
/// Writes a smooth RGB picture of waves.
void write_waves(const std::string &path, int width, int height);
/// Writes an RGB picture of one gray.
void write_flat(const std::string &path, int width, int height, std::uint8_t gray);
void write_text(const std::string &path, const std::string &text);

struct Size {
    int width = 0, height = 0, format = 0;
    bool operator==(const Size &) const = default;
};
/// Size and MIRRA_FORMAT_* of a picture file.
Size size_of(const std::string &path);

} // namespace mirra::test
