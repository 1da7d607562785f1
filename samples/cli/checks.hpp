// Checks of option values. Their rule is in the option's description, so they add none to the help.
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

namespace mirra::cli {

template<typename T> CLI::Validator between(T minimum, T maximum) {
    CLI::Validator check = CLI::Range(minimum, maximum);
    return check.description("");
}

inline CLI::Validator one_of(std::initializer_list<std::string> values) {
    CLI::Validator check = CLI::IsMember(std::vector<std::string>(values));
    return check.description("");
}

} // namespace mirra::cli
