// Training one level of a stylizer: an inverter with a run folder of its own.
#pragma once

#include "tasks/inverter_task.hpp"
#include "tasks/stylizer_recipe.hpp"

namespace mirra::trainer {

/// The files of a level's run, in a folder below the stylizer's.
std::filesystem::path level_folder(const RunCommand &command, const std::string &layer);
/// The inverter bundle that such a run ends with.
std::filesystem::path level_bundle(const RunCommand &command, const std::string &layer);

class StylizerLevelTask final : public TrainingTask {
  public:
    /// @param command  with the level's folder and output. @throws Error
    StylizerLevelTask(InverterCommand command, StylizerLevelRecipe level, InverterTask::Pictures pictures);

    [[nodiscard]] std::string name() const override { return "stylizer " + layer_; }
    [[nodiscard]] std::int64_t steps() const override { return generator_.steps(); }
    [[nodiscard]] std::string fingerprint() const override { return generator_.fingerprint(); }
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override { return generator_.state(); }
    [[nodiscard]] std::vector<std::string> columns() const override { return generator_.columns(); }
    [[nodiscard]] std::int64_t validation_interval() const override {
        return generator_.validation_interval();
    }
    void start(std::int64_t step) override { generator_.start(step); }
    std::vector<double> step(std::int64_t step) override { return generator_.step(step); }
    void validate(std::vector<double> &values) override { generator_.validate(values); }
    void finish() override { generator_.finish(write_inverter_bundle); }
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }

  private:
    InverterCommand command_; ///< the generator's training refers to it
    std::string layer_;
    InverterTask generator_;
};

} // namespace mirra::trainer
