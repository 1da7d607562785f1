// Shared libraries that stay loaded until the process ends.
#include "shared_library.hpp"

#include "mirra/error.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define MIRRA_LEAK_ON_PURPOSE(object) __lsan_ignore_object(object)
#else
#define MIRRA_LEAK_ON_PURPOSE(object) static_cast<void>(object)
#endif

namespace mirra::host {

boost::dll::shared_library &load_forever(const std::filesystem::path &file) {
    auto library = std::make_unique<boost::dll::shared_library>();
    std::error_code error;
    library->load(file, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    if (error) {
        const char *reason = dlerror();
        throw Error(ErrorCode::plugin, reason == nullptr ? error.message() : std::string(reason),
                    file.string());
    }
    MIRRA_LEAK_ON_PURPOSE(library.get());
    return *library.release();
}

} // namespace mirra::host
