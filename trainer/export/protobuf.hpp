// Protocol buffers, as far as writing a file takes: the wire format of proto3
// (protobuf.dev/programming-guides/ encoding). LibTorch has Google's library inside, and a second one in the
// process would clash with it.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mirra::trainer::protobuf {

/// A message that grows field by field.
class Message {
  public:
    void integer(std::uint32_t field, std::int64_t value) {
        tag(field, kVarint);
        varint(static_cast<std::uint64_t>(value));
    }
    void real(std::uint32_t field, float value) {
        tag(field, kFixed32);
        const auto bits = std::bit_cast<std::uint32_t>(value);
        for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>((bits >> shift) & 0xff);
    }
    void text(std::uint32_t field, std::string_view value) {
        tag(field, kBytes);
        varint(value.size());
        bytes_ += value;
    }
    void message(std::uint32_t field, const Message &value) { text(field, value.bytes_); }
    [[nodiscard]] const std::string &bytes() const { return bytes_; }

  private:
    static constexpr std::uint32_t kVarint = 0, kBytes = 2, kFixed32 = 5;

    void tag(std::uint32_t field, std::uint32_t type) { varint((field << 3) | type); }
    void varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

} // namespace mirra::trainer::protobuf
