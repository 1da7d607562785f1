// Reading and changing the dynamic section of ELF files.
#include "runtime/libtorch/dynamic_names.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mirra::libtorch {
namespace {

/// Size and mapping of a file.
std::pair<std::byte *, std::size_t> map(const std::filesystem::path &file, bool writable) {
    const int descriptor = ::open(file.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    struct stat info {};
    void *data = MAP_FAILED;
    if (descriptor >= 0 && fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
        data = mmap(nullptr, static_cast<std::size_t>(info.st_size),
                    writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0);
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (data == MAP_FAILED)
        throw Error(error == ENOENT ? ErrorCode::not_found : ErrorCode::io,
                    "cannot read the library: " + std::generic_category().message(error), file.string());
    return {static_cast<std::byte *>(data), static_cast<std::size_t>(info.st_size)};
}

} // namespace

void DynamicNames::Unmap::operator()(std::byte *data) const noexcept {
    munmap(data, size);
}

template<class T> std::span<T> DynamicNames::table(std::uint64_t offset, std::uint64_t count) const {
    const std::uint64_t size = data_.get_deleter().size;
    if (offset > size || count > (size - offset) / sizeof(T) || offset % alignof(T) != 0)
        throw Error(ErrorCode::corrupt, "a table of the library lies outside of its file", file_.string());
    return {reinterpret_cast<T *>(data_.get() + offset), static_cast<std::size_t>(count)};
}

std::uint64_t DynamicNames::offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr &each : segments_)
        if (each.p_type == PT_LOAD && address >= each.p_vaddr && address - each.p_vaddr < each.p_filesz)
            return each.p_offset + (address - each.p_vaddr);
    throw Error(ErrorCode::corrupt, "an address of the library lies outside of its segments", file_.string());
}

std::uint64_t DynamicNames::value(std::int64_t tag, bool required) const {
    for (const Elf64_Dyn &each : dynamic_) {
        if (each.d_tag == DT_NULL) break;
        if (each.d_tag == tag) return each.d_un.d_val;
    }
    if (required)
        throw Error(ErrorCode::unsupported, "the library lacks a table that its names are changed by",
                    file_.string());
    return 0;
}

DynamicNames::DynamicNames(const std::filesystem::path &file, bool writable) : file_(file) {
    const auto [data, size] = map(file, writable);
    data_ = {data, Unmap{size}};
    const auto header = table<Elf64_Ehdr>(0, size < sizeof(Elf64_Ehdr) ? 0 : 1);
    if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
        header[0].e_ident[EI_CLASS] != ELFCLASS64 || header[0].e_phentsize != sizeof(Elf64_Phdr))
        throw Error(ErrorCode::unsupported, "this is no shared library of 64 bits", file.string());
    segments_ = table<Elf64_Phdr>(header[0].e_phoff, header[0].e_phnum);
    const auto dynamic = std::ranges::find(segments_, Elf64_Word{PT_DYNAMIC}, &Elf64_Phdr::p_type);
    if (dynamic == segments_.end())
        throw Error(ErrorCode::unsupported, "this is no shared library", file.string());
    dynamic_ = table<Elf64_Dyn>(dynamic->p_offset, dynamic->p_filesz / sizeof(Elf64_Dyn));
    strings_ = table<char>(offset_of(value(DT_STRTAB)), value(DT_STRSZ));
    if (strings_.empty() || strings_.back() != '\0')
        throw Error(ErrorCode::corrupt, "the library's names have no end", file.string());
    symbols_ = table<Elf64_Sym>(offset_of(value(DT_SYMTAB)), count_symbols());
}

std::uint64_t DynamicNames::count_symbols() const {
    struct Header {
        std::uint32_t buckets, first, bloom, shift;
    };
    const std::uint64_t at = offset_of(value(DT_GNU_HASH));
    const Header header = table<Header>(at, 1)[0];
    const std::uint64_t buckets_at = at + sizeof(Header) + std::uint64_t{8} * header.bloom;
    const std::uint64_t chains_at = buckets_at + std::uint64_t{4} * header.buckets;
    const auto buckets = table<std::uint32_t>(buckets_at, header.buckets);
    std::uint64_t last = buckets.empty() ? 0 : *std::ranges::max_element(buckets);
    if (last < header.first) return header.first;
    while ((table<std::uint32_t>(chains_at + 4 * (last - header.first), 1)[0] & 1) == 0) ++last;
    return last + 1;
}

std::string_view DynamicNames::string(std::size_t offset) const {
    if (offset >= strings_.size())
        throw Error(ErrorCode::corrupt, "a name lies outside of the library's table", file_.string());
    return strings_.data() + offset; // the table ends with a zero
}

std::vector<DynamicNames::Symbol> DynamicNames::symbols() const {
    std::vector<Symbol> found;
    found.reserve(symbols_.size());
    for (std::size_t i = 0; i < symbols_.size(); ++i) {
        const Elf64_Sym &each = symbols_[i];
        if (each.st_name == 0) continue;
        const bool defined = each.st_shndx != SHN_UNDEF && each.st_shndx != SHN_ABS;
        found.push_back({string(each.st_name), each.st_name, i, defined});
    }
    return found;
}

/// Entries of a chain, each of which says how far on the next one lies; 0 ends it.
void DynamicNames::append_versions(std::vector<std::size_t> &offsets) const {
    std::uint64_t step = 1;
    if (std::uint64_t at = value(DT_VERNEED, false); at != 0)
        for (at = offset_of(at); step != 0; at += step) {
            const Elf64_Verneed need = table<Elf64_Verneed>(at, 1)[0];
            step = need.vn_next;
            offsets.push_back(need.vn_file);
            std::uint64_t next = 1;
            for (std::uint64_t part = at + need.vn_aux; next != 0; part += next) {
                const Elf64_Vernaux version = table<Elf64_Vernaux>(part, 1)[0];
                offsets.push_back(version.vna_name);
                next = version.vna_next;
            }
        }
    step = 1;
    if (std::uint64_t at = value(DT_VERDEF, false); at != 0)
        for (at = offset_of(at); step != 0; at += step) {
            const Elf64_Verdef definition = table<Elf64_Verdef>(at, 1)[0];
            step = definition.vd_next;
            std::uint64_t next = 1;
            for (std::uint64_t part = at + definition.vd_aux; next != 0; part += next) {
                const Elf64_Verdaux version = table<Elf64_Verdaux>(part, 1)[0];
                offsets.push_back(version.vda_name);
                next = version.vda_next;
            }
        }
}

std::vector<std::size_t> DynamicNames::other_strings() const {
    std::vector<std::size_t> offsets;
    for (const Elf64_Dyn &each : dynamic_) {
        if (each.d_tag == DT_NULL) break;
        if (each.d_tag == DT_NEEDED || each.d_tag == DT_SONAME || each.d_tag == DT_RPATH ||
            each.d_tag == DT_RUNPATH)
            offsets.push_back(each.d_un.d_val);
    }
    append_versions(offsets);
    return offsets;
}

std::size_t DynamicNames::find_tail(std::string_view text) const {
    const std::string wanted = std::string(text) + '\0';
    const std::string_view all(strings_.data(), strings_.size());
    const auto found = all.find(wanted);
    if (found == std::string_view::npos)
        throw Error(ErrorCode::unsupported, "the library has no name that ends with " + std::string(text),
                    file_.string());
    return found;
}

std::string_view DynamicNames::soname() const {
    return string(value(DT_SONAME, false));
}

std::vector<std::string_view> DynamicNames::needed() const {
    std::vector<std::string_view> names;
    for (const Elf64_Dyn &each : dynamic_) {
        if (each.d_tag == DT_NULL) break;
        if (each.d_tag == DT_NEEDED) names.push_back(string(each.d_un.d_val));
    }
    return names;
}

void DynamicNames::need(std::size_t offset) {
    const auto end = std::ranges::find(dynamic_, Elf64_Sxword{DT_NULL}, &Elf64_Dyn::d_tag);
    // Linkers leave some empty entries; one must stay as the end.
    if (dynamic_.end() - end < 2)
        throw Error(ErrorCode::unsupported, "the library's dynamic section has no room", file_.string());
    end->d_tag = DT_NEEDED;
    end->d_un.d_val = offset;
}

void DynamicNames::forbid_sharing() {
    for (Elf64_Sym &each : symbols_)
        if (ELF64_ST_BIND(each.st_info) == STB_GNU_UNIQUE)
            each.st_info = static_cast<unsigned char>(ELF64_ST_INFO(STB_WEAK, ELF64_ST_TYPE(each.st_info)));
}

void DynamicNames::forbid_destruction() {
    for (Elf64_Dyn &each : dynamic_)
        if (each.d_tag == DT_FINI_ARRAYSZ) each.d_un.d_val = 0;
}

} // namespace mirra::libtorch
