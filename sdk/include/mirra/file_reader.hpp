// Reading a file at any place, without mapping it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace mirra {

/// Memory of a fixed size that is written before it is read, so that no page is touched twice.
class Buffer {
  public:
    Buffer() = default;
    explicit Buffer(std::size_t size)
        : data_(std::make_unique_for_overwrite<std::byte[]>(size))
        , size_(size) {}

    [[nodiscard]] std::span<std::byte> bytes() noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_.get(), size_}; }

  private:
    std::unique_ptr<std::byte[]> data_;
    std::size_t size_ = 0;
};

/// A regular file, open for reading. Nothing is mapped: a file that another program shortens meanwhile is an
/// error of read(), where a mapping would end the process with SIGBUS. Thread-safe.
class FileReader {
  public:
    /// @throws Error not_found | io
    explicit FileReader(std::filesystem::path path);
    FileReader(const FileReader &) = delete;
    FileReader &operator=(const FileReader &) = delete;
    ~FileReader();

    [[nodiscard]] const std::filesystem::path &path() const noexcept { return path_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; } ///< as it was opened

    /// Fills `out` with the bytes from `offset` on. @throws Error io (the file has become shorter, too)
    void read(std::uint64_t offset, std::span<std::byte> out) const;
    /// From `offset` to the end. @throws Error io | limit (more than the memory that is free: a file with
    /// holes can be of any size)
    [[nodiscard]] Buffer read_rest(std::uint64_t offset) const;

  private:
    std::filesystem::path path_;
    int descriptor_ = -1;
    std::uint64_t size_ = 0;
};

} // namespace mirra
