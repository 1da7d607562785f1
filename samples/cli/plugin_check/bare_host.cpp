// The table, and the handshake of mirra_plugin.h.
#include "bare_host.hpp"

#include "report.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <mirra/mirra.hpp>

namespace mirra::cli::conformance {
namespace {

/// Nobody looks into it.
mirra_error *some_error() {
    static char place = 0;
    return reinterpret_cast<mirra_error *>(&place);
}

mirra_plugin_info handshake(void *library, std::uint32_t abi) {
    void *const symbol = dlsym(library, MIRRA_PLUGIN_QUERY_SYMBOL);
    if (symbol == nullptr) throw NotChecked("the file is no plugin");
    MIRRA_STRUCT(mirra_host_info, host);
    host.abi_min = host.abi_max = abi;
    host.version = mirra_version_string();
    MIRRA_STRUCT(mirra_plugin_info, info);
    if (reinterpret_cast<mirra_plugin_query_function>(symbol)(&host, &info) != MIRRA_OK ||
        info.init == nullptr)
        throw NotChecked("the plugin declines a host that has no engine");
    return info;
}

} // namespace

BareHost::BareHost(const std::string &file) : folder_(std::filesystem::path(file).parent_path().string()) {
    fill_table();
    void *const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw NotChecked("the file cannot be loaded");
    const mirra_plugin_info info = handshake(library, table_.abi);
    mirra_error *error = nullptr;
    if (info.init(&table_, table_.abi, &error) != MIRRA_OK)
        throw NotChecked("the plugin declines a host that has no engine");
}

void BareHost::fill_table() {
    table_.struct_size = sizeof(table_);
    table_.abi = MIRRA_PLUGIN_ABI;
    table_.host = this;
    table_.log = [](const mirra_host_api *, mirra_log_level, const char *) {};
    table_.allocate = [](const mirra_host_api *, std::size_t bytes) { return std::malloc(bytes); };
    table_.release = [](const mirra_host_api *, void *memory) { std::free(memory); };
    table_.error_create = [](const mirra_host_api *, mirra_status, const char *, const char *, const char *) {
        return some_error();
    };
    table_.error_destroy = [](const mirra_host_api *, mirra_error *) {};
    table_.register_task = register_task;
    table_.plugin_folder = plugin_folder;
    table_.tensor_release = [](mirra_tensor *) {};
    table_.tensor_retain = [](const mirra_tensor *) -> mirra_tensor * { return nullptr; };
    table_.tensor_shape = [](const mirra_tensor *, std::int64_t *, std::int32_t) { return 0; };
}

const mirra_task &BareHost::task(const std::string &name) const {
    const auto found =
        std::ranges::find_if(tasks_, [&](const mirra_task &task) { return name == task.name; });
    if (found == tasks_.end()) throw NotChecked("the plugin brings the task to an engine only");
    return *found;
}

mirra_status BareHost::register_task(const mirra_host_api *host, const mirra_task *task, mirra_error **) {
    mirra_task copy{};
    std::memcpy(&copy, task, std::min<std::size_t>(task->struct_size, sizeof(copy)));
    static_cast<BareHost *>(host->host)->tasks_.push_back(copy);
    return MIRRA_OK;
}

const char *BareHost::plugin_folder(const mirra_host_api *host) {
    return static_cast<const BareHost *>(host->host)->folder_.c_str();
}

} // namespace mirra::cli::conformance
