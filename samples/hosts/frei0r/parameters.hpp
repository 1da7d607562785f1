// Settings of a filter as parameters of frei0r.
#pragma once

#include "filters.hpp"

#pragma GCC visibility push(default) // its functions are what hosts look for
extern "C" {
#include <frei0r.h>
}
#pragma GCC visibility pop

#include <string>
#include <vector>

namespace mirra_frei0r {

/// A number of frei0r is 0 to 1: the range of the setting's slider. A number that may also be a word is a
/// text here, in the unit of the task: "auto", "25".
class Parameter {
  public:
    Parameter(const mirra_filters::Filter &filter, const mirra_filters::Setting &setting);

    [[nodiscard]] f0r_param_info_t info() const noexcept;
    [[nodiscard]] std::string initial() const;
    /// What a host's value means, as Values hold it; `text` is what the setting has now.
    [[nodiscard]] std::string text_of(f0r_param_t value, const std::string &text) const;
    /// The opposite; a text lives as long as `text`.
    void give(const std::string &text, f0r_param_t value) const;
    /// Puts a text of text_of() among the values for a run.
    void put(mirra_filters::Values &values, const std::string &text) const;

  private:
    [[nodiscard]] double from_number(const std::string &text) const;

    const mirra_filters::Filter &filter_;
    const mirra_filters::Setting &setting_;
    int type_;
    std::string explanation_;
};

/// In the order of the filter's settings, which is that of the parameters in a script.
[[nodiscard]] std::vector<Parameter> parameters_of(const mirra_filters::Filter &filter);

} // namespace mirra_frei0r
