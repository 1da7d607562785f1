// Checks of option values. Their rule is in the option's description, so they add none to the help.
#pragma once

#include "console.hpp"

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>
#include <vector>

namespace mirra::cli {

template<typename T> CLI::Validator between(T minimum, T maximum) {
    return CLI::Validator(
        [minimum, maximum](const std::string &text) {
            T value{};
            if (CLI::detail::lexical_cast(text, value) && value >= minimum && value <= maximum)
                return std::string();
            return "'" + text + "' is not accepted: " +
                   range_text(static_cast<double>(minimum), static_cast<double>(maximum));
        },
        "");
}

inline CLI::Validator one_of(const std::vector<std::string> &values) {
    CLI::Validator check = CLI::IsMember(values);
    return check.description("");
}

/// Every option that takes a real number refuses NaN, which no range would, and infinity.
inline void refuse_non_finite(CLI::App &app) {
    const CLI::Validator finite(
        [](const std::string &text) {
            double value = 0;
            const bool number = CLI::detail::lexical_cast(text, value);
            return number && !std::isfinite(value) ? "'" + text + "' is no finite number" : std::string();
        },
        "");
    for (auto *option : app.get_options())
        if (option->get_type_name().starts_with("FLOAT")) option->check(finite);
}

} // namespace mirra::cli
