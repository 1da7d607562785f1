// Trainings that something happens to: each does all that its task does, but for one step.
#pragma once

#include "core/readings.hpp"
#include "core/training_run.hpp"

#include <csignal>
#include <limits>
#include <memory>

namespace mirra::test {

/// Hands everything on to another task.
class WrappedTask : public trainer::TrainingTask {
  public:
    explicit WrappedTask(trainer::TrainingTask &task) : task_(task) {}
    [[nodiscard]] std::string name() const override { return task_.name(); }
    [[nodiscard]] std::int64_t steps() const override { return task_.steps(); }
    [[nodiscard]] std::string fingerprint() const override { return task_.fingerprint(); }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override { return task_.state(); }
    void start(std::int64_t step) override { task_.start(step); }
    [[nodiscard]] std::vector<std::string> columns() const override { return task_.columns(); }
    void step(std::int64_t step, trainer::Readings &readings) override { task_.step(step, readings); }
    [[nodiscard]] std::string rate_key() const override { return task_.rate_key(); }
    [[nodiscard]] std::int64_t validation_interval() const override { return task_.validation_interval(); }
    void validate(trainer::Readings &readings) override { task_.validate(readings); }
    void finish() override { task_.finish(); }
    [[nodiscard]] std::filesystem::path output() const override { return task_.output(); }

  private:
    trainer::TrainingTask &task_;
};

struct Died {};

/// Dies, as a killed process does, before one of its steps.
class DyingTask final : public WrappedTask {
  public:
    DyingTask(trainer::TrainingTask &task, std::int64_t last) : WrappedTask(task), last_(last) {}
    void step(std::int64_t step, trainer::Readings &readings) override {
        if (step == last_) throw Died();
        WrappedTask::step(step, readings);
    }

  private:
    std::int64_t last_;
};

/// Presses Ctrl-C during one of its steps.
class InterruptingTask final : public WrappedTask {
  public:
    InterruptingTask(std::unique_ptr<trainer::TrainingTask> task, std::int64_t at)
        : WrappedTask(*task)
        , owned_(std::move(task))
        , at_(at) {}
    void step(std::int64_t step, trainer::Readings &readings) override {
        if (step == at_) std::raise(SIGINT);
        WrappedTask::step(step, readings);
    }

  private:
    std::unique_ptr<trainer::TrainingTask> owned_;
    std::int64_t at_;
};

/// Overflows in one of its steps: the named tensor is infinite after it, though the loss was not.
class OverflowingTask final : public WrappedTask {
  public:
    OverflowingTask(trainer::TrainingTask &task, std::string tensor, std::int64_t at)
        : WrappedTask(task)
        , tensor_(std::move(tensor))
        , at_(at) {}
    void step(std::int64_t step, trainer::Readings &readings) override {
        WrappedTask::step(step, readings);
        if (step == at_) {
            const torch::NoGradGuard no_grad;
            state().at(tensor_).fill_(std::numeric_limits<float>::infinity());
        }
    }

  private:
    std::string tensor_;
    std::int64_t at_;
};

} // namespace mirra::test
