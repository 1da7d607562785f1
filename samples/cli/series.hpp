// Ports of a task that belong together by place, such as style, style_2, style_3: one option, given several
// times.
#pragma once

#include "schema.hpp"

#include <map>
#include <string>
#include <vector>

namespace mirra::cli {

/// Image inputs of a series of the task's, and what goes with each of them by place: a second image, a tensor
/// that takes the picture's place, a number. Points into the task.
struct Series {
    std::string id; ///< the series' name
    std::vector<const Port *> pictures = {};
    std::vector<const Port *> masks = {};    ///< the second image inputs
    std::vector<const Port *> prepared = {}; ///< tensors
    std::vector<const Param *> weights = {};

    [[nodiscard]] const std::string &name() const { return pictures.front()->name; }
    /// "FILE[:WEIGHT][@MASK]", as far as the task has these.
    [[nodiscard]] std::string syntax() const;
    /// "May be given 4 times. ...": what the option's help says of it.
    [[nodiscard]] std::string doc() const;
    [[nodiscard]] bool has(const Port &port) const;
    [[nodiscard]] bool has(const Param &param) const;
};

/// @param primary  the port of the positional inputs, which is in none of them
std::vector<Series> find_series(const Task &task, const Port *primary);

/// What the uses of a series' option say: files by port, numbers as text by parameter.
struct SeriesValues {
    std::map<std::string, std::string> ports, params;
};

/// The k-th use fills the k-th ports. A text that names a file as a whole is that file, whatever signs are in
/// it. Throws Failure: usage (too many, weights that are none), input (no such file).
SeriesValues read_series(const Series &series, const std::vector<std::string> &uses);

} // namespace mirra::cli
