// Which requests are served at all. The server is on the loopback interface, which every page of the browser
// and every program of the computer can reach:
//
//   a page of another site     it cannot know the token, and its Origin and Sec-Fetch-Site say who it is
//   a name that leads here     (DNS rebinding) its Host is not one of ours
//   another user's program     it cannot know the token, which stands in the address that was printed
#ifndef MIRRA_WEB_GUARD_HPP_
#define MIRRA_WEB_GUARD_HPP_

#include <cstddef>
#include <httplib.h>
#include <optional>
#include <string>

namespace web {

constexpr std::size_t kMostJson = 64 << 10; ///< bytes of a request that is no upload

struct Refusal {
    int status;
    std::string message, hint;
};

class Guard {
  public:
    /// @param most_upload  in bytes
    Guard(int port, std::string token, std::size_t most_upload);
    /// Nothing where the request may be served.
    [[nodiscard]] std::optional<Refusal> check(const httplib::Request &request) const;

    /// For every answer.
    static httplib::Headers headers();
    static std::string make_token();

  private:
    [[nodiscard]] std::optional<Refusal> check_form(const httplib::Request &request) const;
    [[nodiscard]] std::optional<Refusal> check_sender(const httplib::Request &request) const;

    std::vector<std::string> hosts_;
    std::string token_;
    std::size_t most_upload_;
};

/// What the Content-Length says; 0 without one, nothing where it is no number or there are several.
std::optional<std::size_t> body_length(const httplib::Request &request);

/// 128 random bits in hex.
std::string random_name();

} // namespace web

#endif // MIRRA_WEB_GUARD_HPP_
