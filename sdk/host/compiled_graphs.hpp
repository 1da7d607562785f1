// Graphs compiled for the sessions of an engine.
#pragma once

#include "graph_run.hpp"
#include "runtime_loader.hpp"

#include <deque>

namespace mirra::host {

/// Called now and then while something is made that takes its time; what it throws ends that.
using Look = std::function<void()>;

/// A graph that stays compiled although no session holds it, and the memory of its runs without a limit,
/// which a next run finds mapped.
struct RetainedGraph {
    std::shared_ptr<CheckedExecutable> executable;
    std::shared_ptr<runtime::Arena> arena;
    std::uint64_t weights = 0; ///< bytes
    [[nodiscard]] std::uint64_t bytes() const;
};

/// Sessions with the same graph of the same bundle share what it was compiled to. Thread-safe.
class CompiledGraphs {
  public:
    explicit CompiledGraphs(RuntimeLoader &loader) : loader_(loader) {}

    std::shared_ptr<CheckedExecutable> executable(const std::shared_ptr<const bundle::Bundle> &bundle,
                                                  const std::string &graph,
                                                  const runtime::CompileOptions &options,
                                                  const Look &look = {});
    /// The same for gradients.
    std::shared_ptr<CheckedDifferentiable> differentiable(const std::shared_ptr<const bundle::Bundle> &bundle,
                                                          const std::string &graph, const std::string &device,
                                                          const Look &look = {});
    /// The same for runs without a session.
    RetainedGraph retained(const std::shared_ptr<const bundle::Bundle> &bundle, const std::string &graph,
                           const runtime::CompileOptions &options);
    /// Gives retained graphs and their memory back, the oldest first, beyond so many bytes.
    void trim(std::uint64_t most) noexcept;
    /// The same beyond an eighth of the machine's memory.
    void trim() noexcept;

  private:
    RuntimeLoader &loader_;
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<CheckedExecutable>> executables_;
    std::map<std::string, std::weak_ptr<CheckedDifferentiable>> differentiables_;
    std::deque<RetainedGraph> retained_; ///< the latest first
};

} // namespace mirra::host
