// HTML that cannot forget to escape, and the page around it.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace mirra::trainer {

std::string base64(std::span<const std::byte> bytes);

/// A piece of a page. String literals are markup; every other text is content and is escaped, so that the
/// names of classes, paths and recipes stay text whatever is in them.
class Html {
  public:
    template<std::size_t N> Html &operator<<(const char (&markup)[N]) {
        code_.append(markup, N - 1);
        return *this;
    }
    template<std::size_t N> Html &operator<<(char (&buffer)[N]) = delete; ///< it would pass for a literal
    Html &operator<<(const std::string &text);
    Html &operator<<(const Html &part);
    template<std::integral Number> Html &operator<<(Number number) {
        code_ += std::to_string(number);
        return *this;
    }
    Html &operator<<(char) = delete;
    Html &operator<<(bool) = delete;

    [[nodiscard]] const std::string &code() const { return code_; }
    [[nodiscard]] bool empty() const { return code_.empty(); }

  private:
    std::string code_;
};

/// Text for elements and quoted attributes. Control characters, which HTML forbids, become U+FFFD.
std::string escaped(std::string_view text);

/// A shell's line; it is not broken within its options.
Html command_line(const std::string &line);

/// A whole page: it loads nothing, runs nothing and says so to the browser.
Html html_page(const std::string &title, const Html &body);

} // namespace mirra::trainer
