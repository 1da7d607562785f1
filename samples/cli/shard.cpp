#include "shard.hpp"

#include <charconv>
#include <optional>

namespace mirra::cli {
namespace {

std::optional<Shard> read(const std::string &text) {
    Shard shard;
    const char *const end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, shard.index);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '/') return std::nullopt;
    const auto second = std::from_chars(first.ptr + 1, end, shard.count);
    if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
    constexpr std::size_t kMost = 1 << 20;
    return shard.index >= 1 && shard.index <= shard.count && shard.count <= kMost ? std::optional(shard)
                                                                                  : std::nullopt;
}

} // namespace

std::string Shard::objection(const std::string &text) {
    return read(text)
               ? ""
               : "'" + text + "' is no share: write I/N with I from 1 to N, such as 2/5, and N up to 1048576";
}

Shard Shard::parse(const std::string &text) {
    return read(text).value_or(Shard{});
}

void Shard::keep(Files &files) const {
    std::vector<FilePair> kept;
    for (std::size_t i = index - 1; i < files.pairs.size(); i += count)
        kept.push_back(std::move(files.pairs[i]));
    files.pairs = std::move(kept);
}

} // namespace mirra::cli
