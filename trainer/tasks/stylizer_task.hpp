// The trainings of all levels of a stylizer, one after the other.
#pragma once

#include "core/training_run.hpp"
#include "tasks/inverter.hpp"
#include "tasks/stylizer.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mirra::trainer {

/// The files of a level's run, in a folder below the stylizer's.
std::filesystem::path level_folder(const RunCommand &command, const std::string &layer);
/// The inverter bundle that such a run ends with.
std::filesystem::path level_bundle(const RunCommand &command, const std::string &layer);

class StylizerTraining {
  public:
    /// Reads and checks everything, up to the checkpoints of earlier runs, so that what is wrong with the
    /// last level shows before the first is trained. `command` must outlive the training. @throws Error
    explicit StylizerTraining(const StylizerCommand &command);

    /// Trains what is not trained yet and writes the bundle; stops on Ctrl-C. @throws Error as run_training()
    RunResult run();

    /// The training of a level. @throws std::out_of_range for one that comes from a bundle, or has run
    [[nodiscard]] TrainingTask &task(const std::string &layer) const { return *tasks_.at(layer); }

  private:
    struct Level {
        std::string layer;
        std::filesystem::path bundle; ///< given, or where the training writes it
        InverterRecipe settings;
        double detail = 0, edges = 0;
    };
    void make_task(StylizerLevelRecipe recipe, const std::filesystem::path &initial);
    void check_checkpoint(const Level &level) const;
    const InverterTask::Pictures &pictures_for(const InverterRecipe &settings);
    [[nodiscard]] bundle::LevelValidation measure(const Level &level, const bundle::Bundle &bundle);
    [[nodiscard]] TrainingFacts facts();
    void record();
    void write();

    const StylizerCommand &command_;
    std::shared_ptr<const bundle::Bundle> encoder_;
    Recipe recipe_;
    std::vector<Level> levels_;                               ///< in the order of their application
    std::map<std::int64_t, InverterTask::Pictures> pictures_; ///< by the side at which they are kept
    std::map<std::string, std::unique_ptr<InverterTask>> tasks_;
    std::int64_t steps_ = 0; ///< of all trainings
};

} // namespace mirra::trainer
