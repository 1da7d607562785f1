// Over the library's one function; for JSON, which escapes in its own way, beside it.
#include "printable.hpp"

#include <mirra/mirra.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace mirra::cli {
namespace {

/// Code points that a terminal obeys and JSON writers leave as they are, in UTF-8.
struct Range {
    std::string_view first, last; ///< of the same bytes but for the last one
    unsigned code;                ///< of the first
};
constexpr std::array kObeyed{
    Range{"\x7f", "\x7f", 0x7f},
    Range{"\xc2\x80", "\xc2\x9f", 0x80},
    Range{"\xd8\x9c", "\xd8\x9c", 0x61c},
    Range{"\xe2\x80\x8e", "\xe2\x80\x8f", 0x200e},
    Range{"\xe2\x80\xa8", "\xe2\x80\xae", 0x2028},
    Range{"\xe2\x81\xa6", "\xe2\x81\xa9", 0x2066},
};

const Range *obeyed(std::string_view text) {
    const auto found = std::ranges::find_if(kObeyed, [text](const Range &range) {
        const std::size_t size = range.first.size();
        return text.size() >= size && text.substr(0, size) >= range.first &&
               text.substr(0, size) <= range.last &&
               text.substr(0, size - 1) == range.first.substr(0, size - 1);
    });
    return found == kObeyed.end() ? nullptr : &*found;
}

} // namespace

std::string printable(const std::string &text) {
    return api::printable(text);
}

std::string printable_lines(const std::string &text) {
    std::string out;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        out += (begin > 0 ? "\n" : "") + printable(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return out;
}

std::string json_text(const nlohmann::ordered_json &document) {
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string printable_json(const nlohmann::ordered_json &document) {
    const std::string text = json_text(document);
    std::string out;
    out.reserve(text.size());
    for (std::string_view rest = text; !rest.empty();) {
        const auto plain = std::min(rest.find_first_of("\x7f\xc2\xd8\xe2"), rest.size());
        out += rest.substr(0, plain);
        rest.remove_prefix(plain);
        if (rest.empty()) break;
        const Range *range = obeyed(rest);
        const std::size_t size = range == nullptr ? 1 : range->first.size();
        if (range == nullptr) {
            out += rest.front();
        } else {
            std::array<char, 8> escape{};
            const auto offset = static_cast<unsigned>(rest[size - 1] - range->first[size - 1]);
            std::snprintf(escape.data(), escape.size(), "\\u%04x", range->code + offset);
            out += escape.data();
        }
        rest.remove_prefix(size);
    }
    return out;
}

} // namespace mirra::cli
