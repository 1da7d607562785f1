// Checks of option values. Their rule is in the option's description, so they add none to the help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace mirra::cli {

template<typename T> CLI::Validator between(T minimum, T maximum) {
    CLI::Validator check = CLI::Range(minimum, maximum);
    return check.description("");
}

inline CLI::Validator one_of(const std::vector<std::string> &values) {
    CLI::Validator check = CLI::IsMember(values);
    return check.description("");
}

} // namespace mirra::cli
