// mirra-train export: graphs of bundles as files that other runtimes read.
#pragma once

#include "mirra/bundle.hpp"

#include <string>

namespace CLI {
class App;
}

namespace mirra::trainer {

/// The graph with its weights as an ONNX model of operator set 17 in fp32. Batch, height and width are those
/// of each run.
/// @throws Error limit
std::string onnx_model(const bundle::Bundle &bundle, const graph::Graph &graph);

/// Adds `export` to the commands of mirra-train.
void add_export_command(CLI::App &app);

} // namespace mirra::trainer
