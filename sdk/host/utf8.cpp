// Texts of plugins, as the C interface promises them.
#include "utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace mirra::host {

std::string as_utf8(std::string text) {
    const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (std::all_of(text.begin(), text.end(), plain)) return text;
    using nlohmann::json;
    return json::parse(json(std::move(text)).dump(-1, ' ', false, json::error_handler_t::replace))
        .get<std::string>();
}

} // namespace mirra::host
