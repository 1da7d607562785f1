// Training an anomaly detector: the generator first, then memory and calibration.
#pragma once

#include "tasks/anomaly_pictures.hpp"
#include "tasks/inverter_task.hpp"

namespace mirra::trainer {

/// Fails before any work where the encoder does not fit. @throws Error mismatch | not_found |
/// invalid_argument
void check_encoder(const std::filesystem::path &path, const AnomalyRecipe &settings);

class AnomalyTask final : public TrainingTask {
  public:
    /// `command` must outlive the task. @throws Error
    AnomalyTask(const AnomalyCommand &command, Recipe recipe, AnomalyRecipe settings,
                AnomalyPictures pictures);

    [[nodiscard]] std::string name() const override { return "anomaly"; }
    [[nodiscard]] std::int64_t steps() const override { return generator_.steps(); }
    [[nodiscard]] std::string fingerprint() const override;
    [[nodiscard]] std::map<std::string, torch::Tensor> state() const override { return generator_.state(); }
    [[nodiscard]] std::vector<std::string> columns() const override { return generator_.columns(); }
    [[nodiscard]] std::int64_t validation_interval() const override {
        return generator_.validation_interval();
    }
    void start(std::int64_t step) override { generator_.start(step); }
    std::vector<double> step(std::int64_t step) override { return generator_.step(step); }
    void validate(std::vector<double> &values) override { generator_.validate(values); }
    void finish() override;
    [[nodiscard]] std::filesystem::path output() const override { return command_.output; }
    /// Not where the bundle has another memory or calibration than it would get now.
    [[nodiscard]] bool finished() const override;

  private:
    [[nodiscard]] std::string calibration_fingerprint() const;

    const AnomalyCommand &command_;
    AnomalyRecipe settings_;
    AnomalyPictures pictures_;
    std::string trained_, calibrated_; ///< of the recipe: what the generator depends on, and the rest
    InverterCommand inverter_;         ///< what the generator's training reads of the command
    InverterTask generator_;
};

} // namespace mirra::trainer
