// Names change to others of the same length, so that nothing in a file moves.
#include "runtime/libtorch/private_names.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace mirra::libtorch {
namespace {

constexpr std::size_t kPair = 2, kPrefix = 3; // characters that change in a symbol's and in a file's name

/// Instantiations of the C++ library's templates over its own types: libstdc++ may define them as well.
bool is_standard(std::string_view name) {
    if (!name.starts_with("_Z")) return false;
    static constexpr std::array<std::string_view, 12> kOwn = {
        "3c10",  "2at",   "5torch",  "6caffe2",      "4c10d",        "6fbgemm",
        "4dnnl", "4gloo", "6google", "10onnx_torch", "10tensorpipe", "9libkineto"};
    if (std::ranges::any_of(kOwn, [&](auto part) { return name.find(part) != name.npos; })) return false;
    name.remove_prefix(2);
    for (const char *kind : {"TV", "TI", "TS", "TT", "GV", "GR"})
        if (name.starts_with(kind)) name.remove_prefix(2);
    while (name.starts_with("Z") || name.starts_with("N") || name.starts_with("K")) name.remove_prefix(1);
    return name.size() > 1 && name[0] == 'S' && std::string_view("tabsiod").find(name[1]) != name.npos;
}

} // namespace

std::string changed(std::string name, Change change) {
    if (change == Change::none) return name;
    const std::size_t at = change == Change::head ? 0 : name.size() - kPair;
    name.at(at) = static_cast<char>(static_cast<unsigned char>(name.at(at)) - 1);
    name.at(at + 1) = static_cast<char>(static_cast<unsigned char>(name.at(at + 1)) + 33);
    return name;
}

std::string private_file_name(std::string_view name) {
    if (!name.starts_with("lib"))
        throw Error(ErrorCode::unsupported, "the library's name does not begin with lib", std::string(name));
    return "mir" + std::string(name.substr(kPrefix));
}

/// A string in a library's table, and how it changes.
struct PrivateNames::Entry {
    std::size_t offset = 0, end = 0;
    std::string name;
    Change change = Change::none;
    bool is_file = false;

    /// The characters that change: [first, last).
    [[nodiscard]] std::size_t first() const {
        return is_file || change == Change::head ? offset : end - (change == Change::tail ? kPair : 0);
    }
    [[nodiscard]] std::size_t last() const {
        if (is_file) return offset + kPrefix;
        return change == Change::head ? offset + kPair : end;
    }
    /// Strings with one end share their characters.
    [[nodiscard]] bool spoils(const Entry &other) const {
        if (offset == other.offset || first() == last() || other.offset >= last()) return false;
        return change != Change::tail || other.change != Change::tail || is_file || other.is_file;
    }
};

/// In the order of their ends, so that strings which share characters lie together.
std::vector<PrivateNames::Entry> PrivateNames::entries(const DynamicNames &library) const {
    std::vector<Entry> all;
    for (const auto &symbol : library.symbols()) {
        Entry entry{symbol.offset, symbol.offset + symbol.name.size(), std::string(symbol.name), Change::none,
                    files_.contains(symbol.name)}; // a version is a symbol that has a file's name
        if (const auto found = changes_.find(entry.name); found != changes_.end())
            entry.change = found->second;
        all.push_back(std::move(entry));
    }
    for (const std::size_t offset : library.other_strings()) {
        const auto text = library.string(offset);
        all.push_back({offset, offset + text.size(), std::string(text), Change::none, files_.contains(text)});
    }
    std::ranges::sort(all, [](const Entry &a, const Entry &b) {
        return std::pair(a.end, a.offset) < std::pair(b.end, b.offset);
    });
    const auto [first, last] = std::ranges::unique(all, {}, &Entry::offset);
    all.erase(first, last);
    return all;
}

/// Takes back changes that would spoil other strings. Returns whether there was one.
bool PrivateNames::settle(const DynamicNames &library) {
    const auto all = entries(library);
    bool any = false;
    for (auto begin = all.begin(); begin != all.end();) {
        const auto end = std::find_if(begin, all.end(), [&](const Entry &e) { return e.end != begin->end; });
        for (auto each = begin; each != end; ++each) {
            if (!std::any_of(begin, end, [&](const Entry &other) { return each->spoils(other); })) continue;
            if (each->is_file)
                throw Error(ErrorCode::unsupported, "the name " + each->name + " cannot be changed",
                            library.file().string());
            changes_.at(each->name) = each->change == Change::tail ? Change::head : Change::none;
            any = true;
        }
        begin = end;
    }
    return any;
}

PrivateNames::PrivateNames(const std::vector<DynamicNames> &libraries) {
    for (const auto &library : libraries) {
        if (library.soname().starts_with("lib")) files_.emplace(library.soname());
        for (const auto &symbol : library.symbols())
            if (symbol.defined && symbol.name.size() > kPair && !is_standard(symbol.name))
                changes_.emplace(symbol.name, Change::tail);
    }
    for (bool again = true; again;) {
        again = false;
        for (const auto &library : libraries) again = settle(library) || again;
    }
}

void PrivateNames::apply(DynamicNames &library) const {
    auto all = entries(library);
    for (auto begin = all.begin(); begin != all.end();) {
        const auto end = std::find_if(begin, all.end(), [&](const Entry &e) { return e.end != begin->end; });
        for (auto each = begin; each != end; ++each)
            if (std::any_of(begin, end, [&](const Entry &other) { return each->spoils(other); }))
                throw Error(ErrorCode::unsupported, "the name " + each->name + " cannot be changed",
                            library.file().string());
        begin = end;
    }
    for (const Entry &each : all) {
        if (each.first() == each.last()) continue;
        const std::string wanted =
            each.is_file ? private_file_name(each.name) : changed(each.name, each.change);
        for (std::size_t i = each.first(); i < each.last(); ++i)
            library.overwrite(i, wanted[i - each.offset]);
    }
}

std::string PrivateNames::at(const std::string &name) const {
    const auto found = changes_.find(name);
    if (found == changes_.end() || found->second == Change::none)
        throw Error(ErrorCode::unsupported, "the name " + name + " cannot be changed");
    return changed(name, found->second);
}

} // namespace mirra::libtorch
