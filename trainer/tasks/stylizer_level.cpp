// One level's training.
#include "tasks/stylizer_level.hpp"

#include "mirra/error.hpp"

namespace mirra::trainer {

std::filesystem::path level_folder(const RunCommand &command, const std::string &layer) {
    return run_folder(command) / layer;
}

std::filesystem::path level_bundle(const RunCommand &command, const std::string &layer) {
    return level_folder(command, layer) / "inverter.mirra";
}

StylizerLevelTask::StylizerLevelTask(InverterCommand command, StylizerLevelRecipe level,
                                     InverterTask::Pictures pictures)
    : command_(std::move(command))
    , layer_(level.layer)
    , generator_(command_, std::move(level.recipe), level.settings, pictures) {
    if (pictures.training->size() < level.settings.batch)
        throw Error(ErrorCode::invalid_argument,
                    "a batch of " + std::to_string(level.settings.batch) + " is more than the " +
                        std::to_string(pictures.training->size()) + " pictures",
                    "data.batch", "lower the batch in the recipe, or add pictures");
}

} // namespace mirra::trainer
