// The interface of frei0r. Nothing is computed before the first frame: hosts load all filters as they start.
#include "host.hpp"
#include "instance.hpp"

#include <climits>
#include <cstdio>
#include <mutex>

namespace {

using mirra_frei0r::Instance;
using mirra_frei0r::Module;

// Made once, and there until the library is unloaded: hosts keep the texts that they were given.
Module *module() noexcept {
    static const std::unique_ptr<Module> only = []() -> std::unique_ptr<Module> {
        try {
            return Module::of_this_file();
        } catch (const std::exception &error) {
            std::fprintf(stderr, "Mirra: %s\n", mirra_filters::message_of(error).c_str());
            return nullptr;
        }
    }();
    return only.get();
}

} // namespace

extern "C" {

int f0r_init() {
    return module() != nullptr ? 1 : 0;
}

void f0r_deinit() {}

void f0r_get_plugin_info(f0r_plugin_info_t *info) {
    *info = {};
    info->name = info->author = info->explanation = "";
    if (module() != nullptr) *info = module()->info();
}

void f0r_get_param_info(f0r_param_info_t *info, int index) {
    *info = {};
    if (module() == nullptr || index < 0) return;
    const auto &parameters = module()->parameters();
    if (static_cast<std::size_t>(index) < parameters.size())
        *info = parameters[static_cast<std::size_t>(index)].info();
}

f0r_instance_t f0r_construct(unsigned int width, unsigned int height) {
    if (module() == nullptr || width > INT_MAX || height > INT_MAX) return nullptr;
    const std::string reason = mirra_frei0r::refusal_of_caller(__builtin_return_address(0), width);
    if (!reason.empty()) {
        std::fprintf(stderr, "%s: %s\n", module()->info().name, reason.c_str());
        return nullptr;
    }
    try {
        return new Instance(*module(), static_cast<int>(width), static_cast<int>(height));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s: %s\n", module()->info().name, error.what());
        return nullptr;
    }
}

void f0r_destruct(f0r_instance_t instance) {
    const std::unique_ptr<Instance> last(static_cast<Instance *>(instance));
}

void f0r_set_param_value(f0r_instance_t instance, f0r_param_t value, int index) {
    try {
        static_cast<Instance *>(instance)->set(static_cast<std::size_t>(index), value);
    } catch (const std::exception &) { // no such parameter: there is nothing to set
    }
}

void f0r_get_param_value(f0r_instance_t instance, f0r_param_t value, int index) {
    try {
        static_cast<const Instance *>(instance)->give(static_cast<std::size_t>(index), value);
    } catch (const std::exception &) { // likewise
    }
}

void f0r_update(f0r_instance_t instance, double /*time*/, const std::uint32_t *from, std::uint32_t *to) {
    static_cast<Instance *>(instance)->update(from, to);
}
}
