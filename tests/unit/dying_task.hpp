// A training task that dies without a word in the middle of a run, as a process that is killed does.
#pragma once

#include "core/training_run.hpp"

#include <exception>

namespace mirra::test {

class Died final : public std::exception {};

/// Forwards to `task`, which must outlive it, until the step `last`.
class DyingTask final : public trainer::TrainingTask {
  public:
    DyingTask(trainer::TrainingTask &task, std::int64_t last) : task_(task), last_(last) {}
    [[nodiscard]] std::string name() const override { return task_.name(); }
    [[nodiscard]] std::int64_t steps() const override { return task_.steps(); }
    [[nodiscard]] std::string fingerprint() const override { return task_.fingerprint(); }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override { return task_.state(); }
    void start(std::int64_t step) override { task_.start(step); }
    [[nodiscard]] std::vector<std::string> columns() const override { return task_.columns(); }
    std::vector<double> step(std::int64_t step) override {
        if (step == last_) throw Died();
        return task_.step(step);
    }
    [[nodiscard]] std::int64_t validation_interval() const override { return task_.validation_interval(); }
    void validate(std::vector<double> &values) override { task_.validate(values); }
    void finish() override { task_.finish(); }
    [[nodiscard]] std::filesystem::path output() const override { return task_.output(); }

  private:
    trainer::TrainingTask &task_;
    std::int64_t last_;
};

} // namespace mirra::test
