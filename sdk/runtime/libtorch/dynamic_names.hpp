// The dynamic names of a shared library, read from its file and changed in place.
#pragma once

#include <cstdint>
#include <elf.h>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::libtorch {

/// An ELF file of 64 bits with a GNU hash table, mapped. Names change by overwriting characters only, so that
/// no table moves. Every offset that the file states is checked against its size.
class DynamicNames {
  public:
    /// @param writable  changes go to the file
    /// @throws Error not_found | io | unsupported (no such library) | corrupt
    DynamicNames(const std::filesystem::path &file, bool writable);

    struct Symbol {
        std::string_view name;
        std::size_t offset;   ///< of the name in the table of strings
        std::size_t index;    ///< in the table of symbols
        bool defined = false; ///< here, as code or data
    };

    [[nodiscard]] const std::filesystem::path &file() const { return file_; }
    [[nodiscard]] std::vector<Symbol> symbols() const;
    /// Offsets of all strings that are no symbols' names: files needed, versions, the folders to search.
    [[nodiscard]] std::vector<std::size_t> other_strings() const;
    [[nodiscard]] std::string_view string(std::size_t offset) const;
    /// Offset of that text as the end of some string. @throws Error unsupported
    [[nodiscard]] std::size_t find_tail(std::string_view text) const;
    [[nodiscard]] std::string_view soname() const;
    [[nodiscard]] std::vector<std::string_view> needed() const;

    void overwrite(std::size_t offset, char value) { strings_[offset] = value; }
    /// Adds a library to those needed, by the offset of its name. @throws Error unsupported (no room)
    void need(std::size_t offset);
    /// Symbols that the loader makes one over all libraries of the process become this library's own.
    void forbid_sharing();
    /// Nothing of the library is destroyed when the process ends.
    void forbid_destruction();

  private:
    struct Unmap {
        std::size_t size;
        void operator()(std::byte *data) const noexcept;
    };

    template<class T> [[nodiscard]] std::span<T> table(std::uint64_t offset, std::uint64_t count) const;
    [[nodiscard]] std::uint64_t offset_of(std::uint64_t address) const;
    [[nodiscard]] std::uint64_t value(std::int64_t tag, bool required = true) const;
    [[nodiscard]] std::uint64_t count_symbols() const;
    void append_versions(std::vector<std::size_t> &offsets) const;

    std::filesystem::path file_;
    std::unique_ptr<std::byte, Unmap> data_{nullptr, Unmap{0}};
    std::span<Elf64_Phdr> segments_;
    std::span<Elf64_Dyn> dynamic_;
    std::span<char> strings_;
    std::span<Elf64_Sym> symbols_;
};

} // namespace mirra::libtorch
