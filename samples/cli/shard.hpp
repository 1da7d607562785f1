// A share of the inputs, for several machines that work on one folder.
#pragma once

#include "paths.hpp"

#include <cstddef>
#include <string>

namespace mirra::cli {

/// Every `count`-th input, from `index` on. All shares together are all inputs, each of them once, as long as
/// the folder stays as it is.
struct Shard {
    std::size_t index = 1; ///< from 1
    std::size_t count = 1;

    /// What is wrong with "I/N"; "" if nothing is.
    static std::string objection(const std::string &text);
    /// Of a text without objection.
    static Shard parse(const std::string &text);
    void keep(Files &files) const;
};

} // namespace mirra::cli
