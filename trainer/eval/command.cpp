// The evaluations under one command.
#include "eval/command.hpp"

#include "eval/anomaly_command.hpp"
#include "eval/denoising_command.hpp"
#include "eval/inversion_command.hpp"
#include "eval/stylization_command.hpp"

#include <CLI/CLI.hpp>

namespace mirra::trainer {

void add_eval_command(CLI::App &app, int &status) {
    auto *eval = app.add_subcommand("eval", "Measure a bundle");
    eval->require_subcommand(1);
    add_denoising_evaluation(*eval, status);
    add_inversion_evaluations(*eval, status);
    add_anomaly_evaluation(*eval, status);
    add_stylization_evaluation(*eval, status);
}

} // namespace mirra::trainer
