// The record of a training, tried.
#pragma once

#include "core/run_folder.hpp"
#include "tasks/command.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <filesystem>

namespace mirra::test {

/// What a training's record says is the command that makes the same run: given again, it finds it finished.
/// @param add  declares the subcommand @returns the record
template<class Add>
trainer::RunRecord record_that_makes_the_run(const trainer::RunCommand &command, const Add &add) {
    const auto record = trainer::read_run_record(trainer::run_folder(command));
    if (!record) {
        ADD_FAILURE() << "there is no record";
        return {};
    }
    const auto written = std::filesystem::last_write_time(command.output);
    int status = -1;
    CLI::App app;
    add(app, status);
    testing::internal::CaptureStderr();
    EXPECT_NO_THROW(app.parse(record->command, true)) << record->command;
    EXPECT_NE(testing::internal::GetCapturedStderr().find("is finished"), std::string::npos)
        << record->command;
    EXPECT_EQ(status, 0);
    EXPECT_EQ(std::filesystem::last_write_time(command.output), written);
    EXPECT_EQ(record->output, command.output);
    EXPECT_FALSE(record->recipe_text.empty() || record->started.empty() || record->libtorch.empty());
    EXPECT_EQ(record->precision, "fp32");
    EXPECT_EQ(record->skipped.value_or(0), 0);
    return *record;
}

} // namespace mirra::test
