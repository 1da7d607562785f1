// A training that diverged: its learning rate is at fault, and no file.
#pragma once

#include "mirra/bundle.hpp"
#include "mirra/error.hpp"

#include <filesystem>
#include <string>

namespace mirra::trainer {

/// The key of the learning rate that most trainings have.
inline constexpr const char *kOptimizerRate = "optimizer.rate";

/// What to do. @param rate  the key of the learning rate
std::string of_divergence(const std::string &rate);

/// @param what  that shows it @param rate  likewise, the error's subject
Error diverged(const std::string &what, const std::string &rate);

/// bundle::write_bundle(), where weights that the type of the storage cannot hold tell of a divergence.
/// @param rate    likewise
/// @param frozen  a graph whose weights were not trained; null: all were
/// @throws Error as bundle::write_bundle(), internal
void write_trained(const std::filesystem::path &path, const bundle::Manifest &manifest,
                   const bundle::Weights &weights, bundle::DType storage,
                   const std::string &rate = kOptimizerRate, const graph::Graph *frozen = nullptr);

} // namespace mirra::trainer
