// Runs of graphs whose results have the shapes that were promised.
#pragma once

#include "mirra/runtime.hpp"

#include <atomic>

namespace mirra::host {

/// Runs the graph and compares what came out with what its description promises for these inputs: buffers
/// are sized, and rectangles cut, by the promise.
/// @param work  its multiply-accumulate operations are added to it
/// @throws Error mismatch, and as Executable::run()
std::vector<runtime::TensorPtr> checked_run(runtime::Executable &executable,
                                            std::span<const runtime::TensorPtr> inputs,
                                            const runtime::StepFunction &step,
                                            std::atomic<std::uint64_t> &work);

/// The same for a gradient, which has the shape of its input. The way back has as much work as the way there.
/// @throws Error mismatch, and as Differentiable::gradient()
runtime::TensorPtr checked_gradient(runtime::Differentiable &differentiable,
                                    std::span<const runtime::TensorPtr> inputs, std::size_t output,
                                    std::size_t input, const runtime::Upstream &upstream,
                                    const runtime::StepFunction &step, std::atomic<std::uint64_t> &work);

} // namespace mirra::host
