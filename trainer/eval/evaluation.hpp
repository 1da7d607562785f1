// What all evaluations share: their command, a host engine, checks before the work, and manifests with
// measurements.
#pragma once

#include "eval/float_picture.hpp"
#include "mirra/bundle.hpp"
#include "mirra/host.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// Thrown through an evaluation after Ctrl-C.
struct Interrupted {};

/// Adds `eval` with its subcommands; `status` gets the exit status: 1 when pictures had to be skipped.
void add_eval_command(CLI::App &app, int &status);

void add_denoising_evaluation(CLI::App &eval, int &status);
void add_inversion_evaluations(CLI::App &eval, int &status); ///< inversion, scale, highres, robustness-curve
void add_comparison(CLI::App &eval, int &status);
void add_anomaly_evaluation(CLI::App &eval, int &status);
void add_stylization_evaluation(CLI::App &eval, int &status);
void add_network_evaluation(CLI::App &eval, int &status);

/// --precision unless it is null, --device and --threads.
void add_host_options(CLI::App &sub, std::string *precision, std::string &device, int &threads);

/// Warns of pictures that had to be skipped. @returns the process's exit status
int finish(const std::vector<std::string> &skipped);

/// The files' last names; the whole path where several have the same.
std::vector<std::string> short_names(const std::vector<std::filesystem::path> &paths);

/// Fails before the work if a table, a plot or a picture could not be written; an empty path is none.
/// @throws Error as check_writable(), check_plot() and image::check_write()
void require_writable(const std::filesystem::path &table, const std::vector<std::filesystem::path> &plots,
                      const std::vector<std::filesystem::path> &pictures);

/// With the plugins and the runtime of the build or the installed tree that the program belongs to.
std::shared_ptr<host::Engine> host_engine();

/// A session of a task, so that what is measured is what hosts see. One thread.
class HostTask {
  public:
    struct Options {
        std::string precision = "fp32", device = "cpu";
        int threads = 0; ///< 0: all
    };
    /// @throws Error not_found (bundle, plugin) | mismatch (a bundle of another task) | device
    HostTask(const std::string &task, std::shared_ptr<const bundle::Bundle> bundle, const Options &options);

    [[nodiscard]] host::Session &session() { return *session_; }
    /// A picture of the same size, of a gray one (all channels alike) as of one with a single channel.
    /// @param others  pictures of further ports
    /// @throws Interrupted after Ctrl-C | Error as a run of the task
    FloatPicture run(const FloatPicture &picture, bool gray = false,
                     const std::map<std::string, const FloatPicture *> &others = {});

  private:
    std::shared_ptr<host::Session> session_;
};

/// What an encoder was trained on, and how, as far as its manifest says.
struct EncoderOrigin {
    std::vector<std::string> data, classes; ///< empty where the manifest does not say
    std::string norm;
    std::optional<double> epsilon; ///< 0: standard training; none: not known
};

/// "l2 0.5", "std" for standard training, "-" where it is not known.
std::string radius_text(const std::string &norm, const std::optional<double> &epsilon);

/// Of the manifest of an encoder, or of a bundle that was trained upon one, whose own data it does not tell.
EncoderOrigin encoder_origin(const bundle::Manifest &manifest);

using Quality = nlohmann::ordered_json;

/// Manifest::quality with these measurements in the place of older ones of the same.
/// @param same  whether an old and a fresh measurement are of the same thing, whatever they found
std::string merged_quality(const std::string &old, const std::vector<Quality> &fresh,
                           const std::function<bool(const Quality &, const Quality &)> &same);

/// Fails early, before hours of measuring, where rewrite_manifest() would in the end.
/// @throws Error unsupported | not_found | io
void check_rewritable(const bundle::Bundle &bundle, const std::filesystem::path &path);

/// Writes the bundle's weights, unchanged and in their stored precision, with this manifest.
/// @throws Error unsupported (tensors of several types) | not_found | io
void rewrite_manifest(const bundle::Bundle &bundle, const bundle::Manifest &manifest,
                      const std::filesystem::path &path);

} // namespace mirra::trainer
