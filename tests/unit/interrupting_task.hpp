// A training that is interrupted.
#pragma once

#include "core/training_run.hpp"

#include <csignal>
#include <memory>

namespace mirra::test {

/// A task that presses Ctrl-C during one of its steps.
class InterruptingTask final : public trainer::TrainingTask {
  public:
    InterruptingTask(std::unique_ptr<trainer::TrainingTask> task, std::int64_t at)
        : task_(std::move(task))
        , at_(at) {}
    [[nodiscard]] std::string name() const override { return task_->name(); }
    [[nodiscard]] std::int64_t steps() const override { return task_->steps(); }
    [[nodiscard]] std::string fingerprint() const override { return task_->fingerprint(); }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override { return task_->state(); }
    void start(std::int64_t step) override { task_->start(step); }
    [[nodiscard]] std::vector<std::string> columns() const override { return task_->columns(); }
    std::vector<double> step(std::int64_t step) override {
        if (step == at_) std::raise(SIGINT);
        return task_->step(step);
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return task_->validation_interval(); }
    void validate(std::vector<double> &values) override { task_->validate(values); }
    void finish() override { task_->finish(); }
    [[nodiscard]] std::filesystem::path output() const override { return task_->output(); }

  private:
    std::unique_ptr<trainer::TrainingTask> task_;
    std::int64_t at_;
};

} // namespace mirra::test
