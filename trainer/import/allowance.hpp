// How much a file may cost while it is read: a function of its own size, whatever it claims.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace mirra::trainer::importer {

/// Bytes that may still be taken. Shared by all that read one file; not thread-safe.
class Allowance {
  public:
    /// What a file's pickled part may become in memory.
    static Allowance for_pickle(std::uint64_t pickle_bytes, std::string file) {
        return {kBase + kPerPickledByte * pickle_bytes, "the pickled part would take", std::move(file)};
    }
    /// What the values of all tensors of a file may become as fp32.
    static Allowance for_values(std::uint64_t file_bytes, std::string file) {
        return {kBase + kPerValueByte * file_bytes, "the file's tensors share their memory: they would take",
                std::move(file)};
    }
    /// What may be read from a file, storage by storage.
    static Allowance for_reading(std::uint64_t file_bytes, std::string file) {
        return {kBase + kPerReadByte * file_bytes,
                "the file's tensors share their storages: reading them would take", std::move(file)};
    }

    /// @throws Error limit
    void take(std::uint64_t bytes);

  private:
    static constexpr std::uint64_t kBase = std::uint64_t{64} << 20;
    static constexpr std::uint64_t kPerPickledByte = 16;
    static constexpr std::uint64_t kPerValueByte = 8;
    static constexpr std::uint64_t kPerReadByte = 64;

    Allowance(std::uint64_t bytes, std::string what, std::string file)
        : all_(bytes)
        , left_(bytes)
        , what_(std::move(what))
        , file_(std::move(file)) {}

    std::uint64_t all_, left_;
    std::string what_, file_;
};

} // namespace mirra::trainer::importer
