// The record of an encoder's run: run.json.
#pragma once

#include "core/run_record.hpp"
#include "tasks/encoder.hpp"
#include "tasks/encoder_recipe.hpp"

namespace mirra::trainer {

/// The command as words that give the same run; without --restart, which would discard it.
std::vector<std::string> words_of(const EncoderCommand &command);

/// What a task knows of itself once its data is open.
struct EncoderRun {
    std::int64_t pictures = 0, validation_pictures = 0;
    int processes = 1;
    bool bf16 = false;
    bool resumed = false; ///< the date of the first start stays
};

/// Writes the run's record. @throws Error io | not_found
void record_encoder_run(const EncoderCommand &command, const Recipe &recipe, const EncoderRecipe &settings,
                        const EncoderRun &run);

/// Adds how many pictures could not be read. @throws Error io | corrupt
void record_skipped(const EncoderCommand &command, std::int64_t skipped);

} // namespace mirra::trainer
