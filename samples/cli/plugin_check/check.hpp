// The table of checks.
#pragma once

#include "lab.hpp"

#include <vector>

namespace mirra::cli::conformance {

/// A check of a task: what it throws (Fault, NotChecked) and writes down is its result.
struct Check {
    const char *name;  ///< in one or two words
    const char *about; ///< what is true of a good plugin
    void (*function)(const Lab &lab, Findings &findings);
};

using Checks = std::vector<Check>;

// Each file of checks gives a table of its own; a new check is a function and a row there.
Checks contract_checks();    // what the task says of itself, sessions, plans
Checks run_checks();         // sizes, formats, alpha, repeated runs
Checks tile_checks();        // tiles and regions
Checks port_checks();        // optional ports, results
Checks parameter_checks();   // every value, and wrong ones
Checks limit_checks();       // memory, cancelling
Checks concurrency_checks(); // several sessions and engines

/// All of them, in the order in which they run.
Checks all_checks();
/// Runs one check, whatever the plugin does.
Findings run_check(const Check &check, const Lab &lab);

/// What the child process does for the check of two engines: "" if all is well.
std::string two_engines(const Settings &settings, const std::string &task);

} // namespace mirra::cli::conformance
