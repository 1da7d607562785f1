// Makes bundles from the authors' checkpoints and from plain state dicts, without running anything that is
// pickled in them.
#pragma once

#include "mirra/architectures.hpp"
#include "mirra/bundle.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mirra::trainer {

struct ImportOptions {
    std::string architecture;                 ///< "alexnet-ae-conv5", …; see docs/bundle-format.md
    std::vector<std::filesystem::path> files; ///< .pth, .pt or safetensors; together they hold the network
    std::filesystem::path output;
    graph::InputTransform input_transform =
        graph::InputTransform::scale_pm1; ///< of the encoder, not the comparator
    bundle::DType storage = bundle::DType::f32;
    std::string name;              ///< empty: that of the architecture
    std::string licence;           ///< empty: unknown
    bool allow_unexpected = false; ///< ignore tensors that the architecture does not know
};

/// Writes the bundle atomically.
/// @throws Error not_found | io | corrupt | limit | unsupported | invalid_argument | mismatch (lists every
/// tensor that
///         is missing, unexpected or of the wrong shape)
void import_checkpoint(const ImportOptions &options);

/// Adds `import` to the commands of mirra-train.
void add_import_command(CLI::App &app);

} // namespace mirra::trainer
