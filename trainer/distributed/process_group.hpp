// The processes that train one network together, over LibTorch's c10d.
#pragma once

#include "distributed/environment.hpp"
#include "runtime/torch/libtorch.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace c10d {
class ProcessGroup;
class Reducer;
} // namespace c10d

namespace mirra::trainer {

/// Collective calls: all processes make the same ones in the same order, and a call ends with Error io when
/// another process is gone or silent for longer than the timeout. One thread.
class ProcessGroup {
  public:
    /// This process without others: every call returns at once.
    static const ProcessGroup &alone();

    /// Meets the others. Gradients go by NCCL when `device` is a GPU and the build has it, else by Gloo.
    /// @throws Error io when they are not all there within the timeout
    ProcessGroup(const ProcessEnvironment &environment, const torch::Device &device);
    ProcessGroup(const ProcessGroup &) = delete;
    ProcessGroup &operator=(const ProcessGroup &) = delete;
    ~ProcessGroup();

    [[nodiscard]] int rank() const { return rank_; }
    [[nodiscard]] int size() const { return size_; }
    /// Whether this is the process that writes files and reports.
    [[nodiscard]] bool first() const { return rank_ == 0; }
    /// Whether an elastic launcher has started the processes anew. The first one knows it of all computers,
    /// unless the launcher's store was lost as well.
    [[nodiscard]] bool restarted() const { return restarted_; }

    /// Averages over the processes.
    [[nodiscard]] std::vector<double> average(const std::vector<double> &values) const;
    /// The same for fp32 tensors of one device, in place.
    void average(const std::vector<torch::Tensor> &tensors) const;
    /// Gives all processes the first one's values.
    void broadcast(const std::vector<torch::Tensor> &tensors) const;
    /// This process's share of `rows` rows: its first row, and how many.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> share(std::int64_t rows) const;
    /// The rows of a batch that are this process's; all of them when there are fewer than processes.
    [[nodiscard]] torch::Tensor part(const torch::Tensor &batch) const;
    /// The batch of `rows` rows from every process's part of it.
    [[nodiscard]] torch::Tensor whole(const torch::Tensor &part, std::int64_t rows) const;
    /// @throws Error mismatch, in all processes, unless all give the same text
    void require_same(const std::string &text, const std::string &what, const std::string &hint) const;
    /// Waits for all.
    void barrier() const;

    /// Null without others.
    [[nodiscard]] const c10::intrusive_ptr<c10d::ProcessGroup> &engine() const { return engine_; }
    /// Called while an exception is handled: rethrows it, as Error io when it comes from the connection.
    [[noreturn]] void rethrow() const;

  private:
    ProcessGroup();
    void connect(const ProcessEnvironment &environment, const torch::Device &device);
    void sum(torch::Tensor tensor) const;

    int rank_ = 0, size_ = 1;
    bool restarted_ = false;
    c10::intrusive_ptr<c10d::ProcessGroup> engine_;
};

/// Gradients as averages over the processes, in buckets while the backward pass still computes the others:
/// LibTorch's engine of DistributedDataParallel. One thread.
class GradientAverage {
  public:
    /// @param processes  must outlive this
    /// @param parameters  the same tensors in the same order in every process; all of them get a gradient in
    /// every pass
    GradientAverage(const ProcessGroup &processes, const std::vector<torch::Tensor> &parameters);
    GradientAverage(const GradientAverage &) = delete;
    GradientAverage &operator=(const GradientAverage &) = delete;
    ~GradientAverage();

    /// loss.backward(). @throws Error io when another process is gone
    void backward(const torch::Tensor &loss);

  private:
    const ProcessGroup &processes_;
    std::unique_ptr<c10d::Reducer> reducer_; ///< none without other processes
};

} // namespace mirra::trainer
