// Graphs compiled for runs and for gradients; what LibTorch throws out of them is an Error.
#pragma once

#include "mirra/runtime.hpp"

#include <memory>

namespace mirra::runtime {

struct GpuRecordings;

/// @param recordings  of the device; null: nothing is recorded
/// @throws Error as Module::compile
std::shared_ptr<Executable> make_executable(const graph::Graph &graph, const WeightSource &weights,
                                            const CompileOptions &options,
                                            std::shared_ptr<GpuRecordings> recordings);
/// @throws Error as Module::compile_gradient
std::shared_ptr<Differentiable> make_differentiable(const graph::Graph &graph, const WeightSource &weights,
                                                    const std::string &device);

} // namespace mirra::runtime
