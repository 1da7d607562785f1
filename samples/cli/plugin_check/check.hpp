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
Checks neighbour_checks();   // names beside those of other plugins
Checks process_checks();     // what belongs to the whole process
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

/// What a child process does for a check (Lab::errand). What goes wrong is a part of the answer.
/// @param errand  a name of one of the functions below, a space, and the task
std::string do_errand(const Settings &settings, const std::string &errand);
/// For the check of two engines: "" if all is well.
std::string two_engines(const Settings &settings, const std::string &task);
/// For those of the process, of names and of destroy: findings as text.
std::string try_process(const Settings &settings, const std::string &task);
std::string compare_names(const Settings &settings, const std::string &task);
std::string try_destroy(const Settings &settings, const std::string &task);

} // namespace mirra::cli::conformance
