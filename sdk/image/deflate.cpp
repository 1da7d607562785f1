// zlib streams of metadata, with a bound on what comes out.
#include "deflate.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <new>

#include <zlib.h>

namespace mirra::image::detail {
namespace {

constexpr std::size_t kPiece = 1U << 14;

struct InflateEnd {
    void operator()(z_stream *stream) const noexcept { inflateEnd(stream); }
};

} // namespace

std::optional<std::vector<std::byte>> inflate(ByteSpan bytes, std::size_t &budget) {
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, InflateEnd> end(&stream);
    // zlib's pointer lacks a const; it does not write there.
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<std::byte *>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::vector<std::byte> out;
    std::array<std::byte, kPiece> piece;
    for (int status = Z_OK; status == Z_OK;) {
        stream.next_out = reinterpret_cast<Bytef *>(piece.data());
        stream.avail_out = static_cast<uInt>(piece.size());
        status = ::inflate(&stream, Z_NO_FLUSH);
        const std::size_t got = piece.size() - stream.avail_out;
        const bool fits = got <= budget;
        budget -= std::min(got, budget);
        if (!fits || (status != Z_OK && status != Z_STREAM_END)) return std::nullopt;
        append(out, std::span(piece).first(got));
    }
    return out;
}

std::vector<std::byte> deflate(ByteSpan bytes) {
    uLongf size = compressBound(static_cast<uLong>(bytes.size()));
    std::vector<std::byte> out(size);
    if (compress2(reinterpret_cast<Bytef *>(out.data()), &size, reinterpret_cast<const Bytef *>(bytes.data()),
                  static_cast<uLong>(bytes.size()), Z_DEFAULT_COMPRESSION) != Z_OK) {
        throw std::bad_alloc();
    }
    out.resize(size);
    return out;
}

} // namespace mirra::image::detail
