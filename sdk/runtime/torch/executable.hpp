// Runs a compiled program.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>

namespace mirra::runtime {

/// @throws Error as Module::compile
std::shared_ptr<Executable> make_executable(const graph::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options);

} // namespace mirra::runtime
