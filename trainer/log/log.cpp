// Messages through spdlog.
#include "log/log.hpp"

#include "mirra/printable.hpp"
#include "mirra/shortened.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <cstdio>
#include <memory>

namespace mirra::trainer {
namespace {

spdlog::logger &logger() {
    static const auto instance = [] {
        auto made = std::make_shared<spdlog::logger>("mirra-train",
                                                     std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
        made->set_pattern("%H:%M:%S %^%v%$");
        return made;
    }();
    return *instance;
}

/// What files hold is quoted in messages, however long it is.
std::string shown(const std::string &message) {
    constexpr std::size_t kMost = 8000; // names of files stay whole
    return printable(shortened(message, kMost));
}

} // namespace

void log_info(const std::string &message) {
    logger().info("{}", shown(message));
}
void log_warning(const std::string &message) {
    logger().warn("{}", shown(message));
}

std::string decimal(double value, int places) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", places, value);
    return text;
}

std::string shortest(double value) {
    char text[64];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

} // namespace mirra::trainer
