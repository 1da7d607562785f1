// The table of formats: one that the library learns gets a row.
#include "formats.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <stdexcept>

namespace mirra::cli {
namespace {

using namespace std::string_view_literals;

constexpr std::array kPngEndings{".png"sv};
constexpr std::array kJpegEndings{".jpg"sv, ".jpeg"sv, ".jpe"sv, ".jfif"sv};
constexpr std::array kPngMagics{"\x89PNG\r\n\x1a\n"sv};
constexpr std::array kJpegMagics{"\xff\xd8\xff"sv};
#ifdef MIRRA_WITH_TIFF
constexpr std::array kTiffEndings{".tif"sv, ".tiff"sv};
constexpr std::array kTiffMagics{"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv};
#endif
#ifdef MIRRA_WITH_WEBP
constexpr std::array kWebpEndings{".webp"sv};
constexpr std::array kWebpMagics{"RIFF"sv};
#endif
#ifdef MIRRA_WITH_JXL
constexpr std::array kJxlEndings{".jxl"sv};
constexpr std::array kJxlMagics{"\xff\x0a"sv, "\0\0\0\x0cJXL "sv};
#endif
constexpr std::array kFormats{
    Format{"png", kPngEndings, kPngMagics, true},    Format{"jpeg", kJpegEndings, kJpegMagics, false},
#ifdef MIRRA_WITH_TIFF
    Format{"tiff", kTiffEndings, kTiffMagics, true},
#endif
#ifdef MIRRA_WITH_WEBP
    Format{"webp", kWebpEndings, kWebpMagics, true},
#endif
#ifdef MIRRA_WITH_JXL
    Format{"jxl", kJxlEndings, kJxlMagics, true},
#endif
};

} // namespace

std::span<const Format> formats() {
    return kFormats;
}

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const Format &format : kFormats) names.emplace_back(format.name);
    return names;
}

const Format &format_named(std::string_view name) {
    const auto found = std::ranges::find(kFormats, name, &Format::name);
    return found != kFormats.end() ? *found : throw std::out_of_range("no format of this name");
}

const Format *format_of(const std::filesystem::path &path) {
    std::string ending = path.extension().string();
    std::ranges::transform(ending, ending.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto found = std::ranges::find_if(kFormats, [&](const Format &format) {
        return std::ranges::find(format.endings, ending) != format.endings.end();
    });
    return found != kFormats.end() ? &*found : nullptr;
}

const Format *format_of_content(const std::filesystem::path &path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, 16> first{};
    file.read(first.data(), first.size());
    const std::string_view bytes(first.data(), static_cast<std::size_t>(file.gcount()));
    const auto found = std::ranges::find_if(kFormats, [&](const Format &format) {
        return std::ranges::any_of(format.magics,
                                   [&](std::string_view magic) { return bytes.starts_with(magic); });
    });
    return found != kFormats.end() ? &*found : nullptr;
}

} // namespace mirra::cli
