// The picture files that the library reads and writes, as a command line needs to know them.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mirra::cli {

struct Format {
    std::string_view name;                     ///< of --format
    std::span<const std::string_view> endings; ///< in small letters; the first is that of results
    std::span<const std::string_view> magics;  ///< how its files begin
    bool alpha;                                ///< whether it holds transparency
};

/// All of them; the first is that of sheets, previews and the standard output.
std::span<const Format> formats();
/// "png", "jpeg", and what else the library was built with.
std::vector<std::string> format_names();
/// By --format. Throws std::out_of_range for others.
const Format &format_named(std::string_view name);
/// By the ending of a file's name; NULL if there is none.
const Format *format_of(const std::filesystem::path &path);
/// By the content of a file; NULL if there is none.
const Format *format_of_content(const std::filesystem::path &path);

} // namespace mirra::cli
