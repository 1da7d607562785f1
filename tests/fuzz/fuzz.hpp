// What fuzz targets share: each is one function over the bytes of an input, driven by libFuzzer, or by
// replay.cpp over the files of its corpus.
#pragma once

#include "mirra/error.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace mirra::fuzz {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(const std::uint8_t *data, std::size_t size) {
    return std::as_bytes(std::span(data, size));
}

[[noreturn]] inline void fail(std::string_view what) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

inline void expect(bool holds, std::string_view what) {
    if (!holds) fail(what);
}

/// Runs `read`, which may refuse its input by an Error. Any other exception, and an Error that calls itself a
/// bug, is a finding. @returns whether it was taken
template<class Read> bool taken(const Read &read) {
    try {
        read();
        return true;
    } catch (const Error &error) {
        expect(error.code() != ErrorCode::internal, error.what());
        return false;
    }
}

/// Takes values off the front of an input; zeros once it is used up.
class Input {
  public:
    explicit Input(Bytes bytes) : bytes_(bytes) {}
    template<class Value> Value take() {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value{};
        const auto count = std::min(sizeof value, bytes_.size());
        std::memcpy(&value, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
        return value;
    }
    /// One of `count` choices.
    std::size_t choice(std::size_t count) { return take<std::uint8_t>() % count; }
    /// All up to `end`, which is dropped, or all that is left.
    std::string_view text_until(char end) {
        const std::string_view all(reinterpret_cast<const char *>(bytes_.data()), bytes_.size());
        const auto found = all.substr(0, all.find(end));
        bytes_ = bytes_.subspan(std::min(found.size() + 1, bytes_.size()));
        return found;
    }
    [[nodiscard]] Bytes rest() const { return bytes_; }

  private:
    Bytes bytes_;
};

} // namespace mirra::fuzz
