// Files: mapped for reading, atomically replaced on writing. All paths are UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace mirra {

/// The whole content of a regular file.
/// @throws Error not_found | io | limit (the file is larger than max_bytes)
std::vector<std::byte> read_file(const std::filesystem::path &path, std::uint64_t max_bytes);

/// A read-only memory mapping of a regular file. Move-only; the bytes live as long as the object.
/// Thread-safe.
class MappedFile {
  public:
    /// @throws Error not_found | io
    explicit MappedFile(const std::filesystem::path &path);
    MappedFile(MappedFile &&other) noexcept;
    MappedFile &operator=(MappedFile &&other) noexcept;
    MappedFile(const MappedFile &) = delete;
    MappedFile &operator=(const MappedFile &) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  private:
    const std::byte *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Writes to a temporary file beside `path` and renames it over `path` on commit(): readers see the old
/// content or the new, never a part. Without commit() the temporary is removed and `path` is untouched.
class AtomicFile {
  public:
    /// @throws Error not_found (the folder does not exist) | io (not writable)
    explicit AtomicFile(std::filesystem::path path);
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;
    ~AtomicFile();

    /// @throws Error io (for example a full disk)
    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);
    /// Flushes, syncs to disk and renames. @throws Error io
    void commit();

  private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;
};

} // namespace mirra
