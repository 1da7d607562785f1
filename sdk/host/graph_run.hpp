// Runs of graphs whose results have the shapes that were promised.
#pragma once

#include "mirra/runtime.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

namespace mirra::host {

/// What a graph promises for inputs of some shapes: buffers are sized, and rectangles cut, by it. Tiles of
/// one size are looked at once. Thread-safe; the graph must outlive it.
class Promises {
  public:
    explicit Promises(const graph::Graph &graph) : graph_(graph) {}

    struct Promise {
        std::vector<graph::Shape> inputs, outputs; ///< in the order of the graph's
        std::uint64_t multiply_accumulates = 0;
    };
    /// @throws Error mismatch | limit
    std::shared_ptr<const Promise> operator()(std::span<const runtime::TensorPtr> inputs);

  private:
    [[nodiscard]] std::shared_ptr<const Promise> known(std::span<const runtime::TensorPtr> inputs);

    const graph::Graph &graph_;
    std::mutex mutex_;
    std::array<std::shared_ptr<const Promise>, 4> known_; ///< of the last sizes; null: none yet
    std::size_t oldest_ = 0;
};

/// A compiled graph whose results are compared with what its description promises. Thread-safe.
class CheckedExecutable {
  public:
    explicit CheckedExecutable(std::shared_ptr<runtime::Executable> compiled)
        : compiled_(std::move(compiled))
        , promises_(compiled_->graph()) {}

    /// @param work  its multiply-accumulate operations are added to it
    /// @throws Error mismatch, and as Executable::run()
    std::vector<runtime::TensorPtr> run(std::span<const runtime::TensorPtr> inputs,
                                        const runtime::StepFunction &step, std::atomic<std::uint64_t> &work);
    [[nodiscard]] const graph::Graph &graph() const { return compiled_->graph(); }

  private:
    std::shared_ptr<runtime::Executable> compiled_;
    Promises promises_;
};

/// The same for gradients, which have the shape of their input.
class CheckedDifferentiable {
  public:
    explicit CheckedDifferentiable(std::shared_ptr<runtime::Differentiable> compiled)
        : compiled_(std::move(compiled))
        , promises_(compiled_->graph()) {}

    /// The way back has as much work as the way there.
    /// @throws Error mismatch, and as Differentiable::gradient()
    runtime::TensorPtr gradient(std::span<const runtime::TensorPtr> inputs, std::size_t output,
                                std::size_t input, const runtime::Upstream &upstream,
                                const runtime::StepFunction &step, std::atomic<std::uint64_t> &work);
    [[nodiscard]] const graph::Graph &graph() const { return compiled_->graph(); }

  private:
    std::shared_ptr<runtime::Differentiable> compiled_;
    Promises promises_;
};

} // namespace mirra::host
