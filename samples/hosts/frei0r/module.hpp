// The filter that a copy of this library is: it says so by the name of its file. mirra_denoise.so is the
// filter "denoise", so that a task which a plugin brings needs a copy of the file and nothing else.
#pragma once

#include "parameters.hpp"

#include <memory>
#include <string>
#include <vector>

namespace mirra_frei0r {

/// "org-example-gain" as "mirra_org_example_gain": what the file is called, without its ending.
[[nodiscard]] std::string file_name(const mirra_filters::Filter &filter);

/// One filter, ready to be described. Constant but for the sessions in it.
class Module {
  public:
    /// Of the filter that this library's file is named after. Loads the plugins, not LibTorch.
    /// @throws mirra::api::Error
    static std::unique_ptr<Module> of_this_file();

    [[nodiscard]] f0r_plugin_info_t info() const noexcept;
    [[nodiscard]] const std::vector<Parameter> &parameters() const noexcept { return parameters_; }
    [[nodiscard]] mirra_filters::Lease lease(const mirra_filters::Values &values) {
        return filters_->lease(*filter_, values);
    }

  private:
    Module(std::unique_ptr<mirra_filters::Filters> filters, const mirra_filters::Filter &filter);

    std::unique_ptr<mirra_filters::Filters> filters_;
    const mirra_filters::Filter *filter_;
    std::vector<Parameter> parameters_;
    std::string name_;
};

} // namespace mirra_frei0r
