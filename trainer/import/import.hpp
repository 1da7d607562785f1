// Makes bundles from the authors' checkpoints, from plain state dicts and from graphs of one's own, without
// running anything that is pickled in them.
#pragma once

#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct ImportOptions {
    std::string architecture; ///< "alexnet-ae-conv5", …; see docs/reference/bundle-format.md
    std::vector<std::filesystem::path> graphs; ///< instead: JSON files, one graph each
    std::vector<std::filesystem::path> files;  ///< .pth, .pt or safetensors; together they hold the network
    std::filesystem::path output;
    /// Of the encoder, not the comparator. Without it: scale_pm1, or for classifiers the checkpoint's own
    /// normalisation, or none.
    std::optional<graph::InputTransform> input_transform;
    std::optional<graph::Normalisation> normalisation; ///< of a classifier, instead of the transform
    std::vector<std::string> class_names;              ///< by label
    std::int64_t extent = 0;                           ///< of the pictures; 0: what is usual
    bundle::DType storage = bundle::DType::f32;
    std::string task;              ///< of graphs; empty: of none
    std::string name;              ///< empty: that of the architecture
    std::string licence;           ///< empty: unknown
    bool allow_unexpected = false; ///< ignore tensors that the architecture does not know
};

/// @throws Error invalid_argument where the output is one of the files that it is made from
void check_spares(const std::filesystem::path &output, std::span<const std::filesystem::path> inputs);

/// The graph of a JSON file in the form that bundles carry. @throws Error not_found | io | corrupt |
/// unsupported
graph::Graph read_graph(const std::filesystem::path &file);

/// A network that was found in files.
struct Imported {
    bundle::Manifest manifest;
    bundle::Weights weights;
    std::string found; ///< in them, for people
};

/// What import_checkpoint() writes. @throws Error as that does
Imported read_network(const ImportOptions &options);

/// Writes the bundle atomically.
/// @returns what was found in the files, for people
/// @throws Error not_found | io | corrupt | limit | unsupported | invalid_argument | mismatch (lists every
/// tensor that is missing, unexpected or of the wrong shape)
std::string import_checkpoint(const ImportOptions &options);

/// Declares --graph, --storage, --name, --licence and --allow-unexpected: what this command and others that
/// make bundles have alike. `options` must outlive `command`.
void add_graph_option(CLI::App &command, ImportOptions &options);
void add_bundle_options(CLI::App &command, ImportOptions &options);

/// Adds `import` to the commands of mirra-train.
void add_import_command(CLI::App &app);

} // namespace mirra::trainer
