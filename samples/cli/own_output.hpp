// The standard output for a program that reads it.
#pragma once

#include <streambuf>

namespace mirra::cli {

/// Keeps the standard output for what this program writes to std::cout: what plugins and libraries print goes
/// to the standard error as long as this lives. One at a time.
class OwnOutput {
  public:
    OwnOutput();
    OwnOutput(const OwnOutput &) = delete;
    OwnOutput &operator=(const OwnOutput &) = delete;
    ~OwnOutput();

    /// Where std::cout goes.
    [[nodiscard]] int descriptor() const noexcept { return buffer_.descriptor; }

  private:
    /// Without a buffer: a document comes in one piece.
    struct Buffer final : std::streambuf {
        explicit Buffer(int to) : descriptor(to) {}
        int_type overflow(int_type c) override;
        std::streamsize xsputn(const char *text, std::streamsize count) override;

        const int descriptor;
    };

    Buffer buffer_;
    std::streambuf *const before_;
};

} // namespace mirra::cli
