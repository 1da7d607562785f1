#include "module.hpp"

#include <algorithm>
#include <dlfcn.h>

namespace mirra_frei0r {
namespace {

// Without folder and ending.
std::string name_of_this_file() {
    Dl_info found{};
    if (dladdr(reinterpret_cast<const void *>(&name_of_this_file), &found) == 0) return "";
    std::string name = found.dli_fname;
    name.erase(0, name.find_last_of('/') + 1);
    return name.substr(0, name.find('.'));
}

} // namespace

std::string file_name(const mirra_filters::Filter &filter) {
    std::string name = "mirra_" + filter.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

std::unique_ptr<Module> Module::of_this_file() {
    const std::string name = name_of_this_file();
    auto filters = std::make_unique<mirra_filters::Filters>();
    for (const auto &filter : filters->all())
        if (file_name(filter) == name) return std::unique_ptr<Module>(new Module(std::move(filters), filter));
    throw mirra::api::Error(MIRRA_E_NOT_FOUND, "Mirra has no task for the frei0r filter", name,
                            "Its plugin is gone, or the file has another name than mirra-frei0r gave it. Run "
                            "mirra-frei0r again.");
}

Module::Module(std::unique_ptr<mirra_filters::Filters> filters, const mirra_filters::Filter &filter)
    : filters_(std::move(filters))
    , filter_(&filter)
    , parameters_(parameters_of(filter))
    , name_("Mirra " + filter.label) {}

f0r_plugin_info_t Module::info() const noexcept {
    f0r_plugin_info_t info{};
    info.name = name_.c_str();
    info.author = "Mirra";
    info.plugin_type = F0R_PLUGIN_TYPE_FILTER;
    info.color_model = F0R_COLOR_MODEL_RGBA8888;
    info.frei0r_version = FREI0R_MAJOR_VERSION;
    info.major_version = MIRRA_VERSION_MAJOR;
    info.minor_version = MIRRA_VERSION_MINOR;
    info.num_params = static_cast<int>(parameters_.size());
    info.explanation = filter_->doc.c_str();
    return info;
}

} // namespace mirra_frei0r
