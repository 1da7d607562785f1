#include "report/html.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace mirra::trainer {

std::string base64(std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kBytes = 3, kChars = 4;
    constexpr unsigned kBits = 6, kMask = 63;
    std::string out;
    out.reserve((bytes.size() + kBytes - 1) / kBytes * kChars);
    for (std::size_t at = 0; at < bytes.size(); at += kBytes) {
        const auto count = std::min(kBytes, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < kBytes; ++i)
            group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
        for (std::size_t i = 0; i < kChars; ++i) {
            const auto shift = kBits * static_cast<unsigned>(kChars - 1 - i);
            out += i <= count ? kDigits[group >> shift & kMask] : '=';
        }
    }
    return out;
}

namespace {

/// Light, for large screens, phones and paper. No fonts are loaded: each system shows its own.
Html page_style() {
    return Html() <<
#include "page_style.inc" // page.css as a literal
        ;
}

} // namespace

std::string escaped(std::string_view text) {
    constexpr unsigned char kFirstPrintable = 0x20, kDelete = 0x7f;
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else if (c == '\'')
            out += "&#39;";
        else if ((code < kFirstPrintable && c != '\n' && c != '\t') || code == kDelete)
            out += "\xEF\xBF\xBD";
        else
            out += c;
    }
    return out;
}

Html &Html::operator<<(const std::string &text) {
    code_ += escaped(text);
    return *this;
}

Html &Html::operator<<(const Html &part) {
    code_ += part.code_;
    return *this;
}

Html command_line(const std::string &line) {
    Html out;
    std::size_t at = 0;
    while (at < line.size()) {
        const auto end = std::min(line.find(' ', at), line.size());
        const auto word = line.substr(at, end - at);
        if (at > 0) out << " ";
        if (word.starts_with('-'))
            out << "<span class=\"option\">" << word << "</span>";
        else
            out << word;
        at = end + 1;
    }
    return out;
}

Html html_page(const std::string &title, const Html &body) {
    Html page;
    page << "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
            "style-src 'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
         << title << "</title>\n<style>" << page_style() << "</style>\n</head>\n<body>\n<main>\n"
         << body << "</main>\n</body>\n</html>\n";
    return page;
}

} // namespace mirra::trainer
