// Formatting the time.
#include "core/utc.hpp"

#include <ctime>

namespace mirra::trainer {

std::string utc_now() {
    const auto now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace mirra::trainer
