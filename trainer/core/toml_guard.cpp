// One pass that knows strings and comments, and counts the rest.
#include "core/toml_guard.hpp"

#include "mirra/error.hpp"

#include <algorithm>

namespace mirra::trainer {
namespace {

constexpr std::size_t kMostDots = 16, kMostDepth = 16, kMostValues = 1u << 16;

class Scan {
  public:
    Scan(std::string_view text, const std::string &name) : text_(text), name_(name) {}

    void run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"' || c == '\'')
                skip_string(c);
            else if (c == '#')
                at_ = std::min(text_.find('\n', at_), text_.size());
            else
                count(text_[at_++]);
        }
    }

  private:
    void count(char c) {
        if (c == '.') return more(dots_, kMostDots, "dots in one key");
        if (c == '\n' || c == '=' || c == ',' || c == '[' || c == ']' || c == '{' || c == '}') dots_ = 0;
        if (c == '[' || c == '{') more(depth_, kMostDepth, "brackets inside of each other");
        if ((c == ']' || c == '}') && depth_ > 0) --depth_;
        if (c == '=' || c == ',' || c == '[') more(values_, kMostValues, "keys and values");
    }

    void more(std::size_t &counter, std::size_t most, const char *what) {
        if (++counter <= most) return;
        const auto line = 1 + std::ranges::count(text_.substr(0, at_), '\n');
        throw Error(ErrorCode::limit,
                    "recipe: line " + std::to_string(line) + ": more than " + std::to_string(most) + " " +
                        what,
                    name_, "recipes are simple: see those in trainer/recipes");
    }

    /// Of one or three quotes. One that does not end is the parser's to refuse.
    void skip_string(char quote) {
        const bool several = text_.substr(at_, 3) == std::string(3, quote);
        const std::string_view end = several ? text_.substr(at_, 3) : text_.substr(at_, 1);
        at_ += end.size();
        while (at_ < text_.size()) {
            if (quote == '"' && text_[at_] == '\\') {
                at_ += 2;
            } else if (text_.substr(at_, end.size()) == end) {
                at_ += end.size();
                // Up to two quotes before the end belong to a long string.
                for (int i = 0; several && i < 2 && text_.substr(at_, 1) == end.substr(0, 1); ++i) ++at_;
                return;
            } else if (text_[at_] == '\n' && !several) {
                return;
            } else {
                ++at_;
            }
        }
    }

    std::string_view text_;
    const std::string &name_;
    std::size_t at_ = 0, dots_ = 0, depth_ = 0, values_ = 0;
};

} // namespace

void check_toml(std::string_view text, const std::string &name) {
    Scan(text, name).run();
}

} // namespace mirra::trainer
