// What the names of tensors have in common, whatever the network.
#pragma once

#include <string>
#include <string_view>

namespace mirra::trainer::importer {

/// Removes `prefix`. @returns whether the key began with it
bool strip(std::string &key, std::string_view prefix);

/// Removes what DataParallel, robustness, torch.compile and friends put in front of a network's own names.
void strip_wrappers(std::string &key);

/// Normalisation constants, the attacker's copy of the network and counters: not weights.
bool is_bookkeeping(const std::string &key);

} // namespace mirra::trainer::importer
