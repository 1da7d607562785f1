// Finding the modules.
#include "eval/host_engine.hpp"

#include <filesystem>

namespace mirra::trainer {
namespace {

namespace fs = std::filesystem;

/// Where the build and an installed tree have the modules: in lib/mirra beside the program's bin.
fs::path modules() {
    std::error_code error;
    const fs::path program = fs::canonical("/proc/self/exe", error);
    return error ? fs::path() : program.parent_path().parent_path() / "lib" / "mirra";
}

} // namespace

std::shared_ptr<host::Engine> host_engine() {
    host::EngineOptions options;
    std::error_code error;
    const fs::path folder = modules();
    if (fs::is_directory(folder / "plugins", error)) options.plugin_path = (folder / "plugins").string();
    if (fs::exists(folder / "libmirra_runtime_torch.so", error))
        options.runtime_module = (folder / "libmirra_runtime_torch.so").string();
    return host::Engine::create(options);
}

} // namespace mirra::trainer
