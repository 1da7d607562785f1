// Which requests are served at all.
#include "guard.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <sys/random.h>

namespace web {
namespace {

constexpr std::size_t kLongestTarget = 512;

/// In a time that does not depend on where the texts differ.
bool same_secret(const std::string &given, const std::string &secret) {
    unsigned difference = given.size() != secret.size() ? 1U : 0U;
    for (std::size_t i = 0; i < secret.size(); ++i)
        difference |= static_cast<unsigned>(secret[i] ^ (i < given.size() ? given[i] : '\0'));
    return difference == 0;
}

std::string random_hex(std::size_t bytes) {
    std::array<unsigned char, 32> random{};
    if (getrandom(random.data(), bytes, 0) != static_cast<ssize_t>(bytes))
        throw std::runtime_error("the system gives no random numbers");
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += kDigits[random[i] >> 4U];
        text += kDigits[random[i] & 15U];
    }
    return text;
}

bool once(const httplib::Request &request, const char *name) {
    return request.get_header_value_count(name) <= 1;
}

} // namespace

Guard::Guard(int port, std::string token, std::size_t most_upload)
    : token_(std::move(token))
    , most_upload_(most_upload) {
    for (const char *name : {"127.0.0.1", "localhost", "[::1]"})
        hosts_.push_back(std::string(name) + ":" + std::to_string(port));
}

std::optional<Refusal> Guard::check(const httplib::Request &request) const {
    if (auto refusal = check_sender(request)) return refusal;
    return check_form(request);
}

std::optional<Refusal> Guard::check_sender(const httplib::Request &request) const {
    const std::string host = request.get_header_value("Host");
    if (request.get_header_value_count("Host") != 1 || std::ranges::find(hosts_, host) == hosts_.end())
        return Refusal{421, "the name in the address is not this server's",
                       "Open the address that mirra-web printed."};
    if (!once(request, "Origin") || !once(request, "Sec-Fetch-Site") || !once(request, "X-Mirra-Token"))
        return Refusal{400, "a header is there twice", ""};
    const std::string origin = request.get_header_value("Origin");
    if (request.has_header("Origin") && origin != "http://" + host)
        return Refusal{403, "the request comes from a page of another site", ""};
    if (!request.path.starts_with("/api/")) return std::nullopt;
    const std::string site = request.get_header_value("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin")
        return Refusal{403, "the request comes from a page of another site", ""};
    if (!same_secret(request.get_header_value("X-Mirra-Token"), token_))
        return Refusal{403, "the secret of this server is missing or wrong",
                       "Open the whole address that mirra-web printed, with what stands behind the #."};
    return std::nullopt;
}

std::optional<Refusal> Guard::check_form(const httplib::Request &request) const {
    if (request.target.size() > kLongestTarget) return Refusal{414, "the address is too long", ""};
    const bool post = request.method == "POST";
    if (!post && request.method != "GET" && request.method != "HEAD" && request.method != "DELETE")
        return Refusal{405, "the method is not served", ""};
    if (request.has_header("Transfer-Encoding") || request.has_header("Content-Encoding"))
        return Refusal{411, "the size of the content must be known, and it must not be packed", ""};
    const auto length = body_length(request);
    if (!length || (post && !request.has_header("Content-Length")))
        return Refusal{411, "the size of the content must be known", ""};
    if (!post && *length > 0) return Refusal{400, "the request has a content, which its method has not", ""};
    const bool upload = request.path == "/api/files";
    const std::size_t most = upload ? most_upload_ : kMostJson;
    if (*length > most)
        return Refusal{413,
                       "the file has " + std::to_string(*length) + " bytes, and at most " +
                           std::to_string(most) + " are taken",
                       upload ? "Start mirra-web with a larger --max-upload-megabytes." : ""};
    const std::string type = request.get_header_value("Content-Type");
    if (post && type != (upload ? "application/octet-stream" : "application/json"))
        return Refusal{415, "the Content-Type is not the one that is served here", ""};
    return std::nullopt;
}

httplib::Headers Guard::headers() {
    return {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob: data:; "
         "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'; trusted-types 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
}

std::string Guard::make_token() {
    return random_hex(32);
}

std::optional<std::size_t> body_length(const httplib::Request &request) {
    if (!request.has_header("Content-Length")) return 0;
    const std::string text = request.get_header_value("Content-Length");
    std::size_t length = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), length);
    if (request.get_header_value_count("Content-Length") != 1 || parsed.ec != std::errc{} ||
        parsed.ptr != text.data() + text.size())
        return std::nullopt;
    return length;
}

std::string random_name() {
    return random_hex(16);
}

} // namespace web
