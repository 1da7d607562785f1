// Bounds-checked reading of the operands of pickle opcodes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mirra::trainer::importer {

class PickleReader {
  public:
    PickleReader(std::span<const std::byte> bytes, const std::string &subject)
        : bytes_(bytes)
        , subject_(subject) {}

    [[nodiscard]] std::size_t position() const noexcept { return at_; }

    std::uint8_t byte();
    /// A little-endian unsigned integer of `width` bytes, up to 8.
    std::uint64_t number(std::size_t width);
    /// A big-endian IEEE double.
    double real();
    std::string_view raw(std::uint64_t size);
    /// `width` bytes of length, then that many bytes.
    std::string_view counted(std::size_t width) { return raw(number(width)); }
    /// Text up to the end of the line.
    std::string_view line();

    /// @throws Error corrupt, with the position
    [[noreturn]] void fail(const std::string &what) const;
    [[nodiscard]] const std::string &subject() const noexcept { return subject_; }

  private:
    std::span<const std::byte> bytes_;
    const std::string &subject_;
    std::size_t at_ = 0;
};

} // namespace mirra::trainer::importer
