// The page asks for nothing from elsewhere. A hidden slider over each pair of pictures moves the line, so
// that mouse, finger and keyboard do; without a script the line stands in the middle.
#include "compare_page.hpp"

#include "csv.hpp"
#include "pictures.hpp"
#include "printable.hpp"
#include "reduce.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <string_view>

namespace mirra::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int32_t kLongest = 2048; ///< side of a picture of the page

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Before and after</title>
<style>
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }
body { margin: 1rem auto; padding: 0 1rem; max-width: 100rem }
figure { margin: 0 0 2rem }
figcaption { overflow-wrap: anywhere }
.pair { --cut: 50%; position: relative; display: inline-block; max-width: 100%; overflow: hidden }
.pair:focus-within { outline: 3px solid Highlight }
.pair img { display: block; max-width: 100%; height: auto; max-height: 92vh; width: auto }
.pair .before { position: absolute; inset: 0; width: 100%; height: 100%; max-height: none;
  clip-path: inset(0 calc(100% - var(--cut)) 0 0) }
.pair::before, .pair::after { position: absolute; z-index: 1; bottom: .5rem; padding: .1rem .5rem;
  color: #fff; background: #000a; border-radius: .3rem; pointer-events: none }
.pair::before { content: "before"; left: .5rem }
.pair::after { content: "after"; right: .5rem }
.line { position: absolute; top: 0; bottom: 0; left: var(--cut); width: 2px; margin-left: -1px;
  background: #fff; box-shadow: 0 0 2px #000; pointer-events: none }
.pair input { position: absolute; inset: 0; z-index: 2; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: ew-resize; appearance: none }
.pair input::-webkit-slider-thumb { appearance: none; width: 1px; height: 100% }
.pair input::-moz-range-thumb { border: 0; width: 1px; height: 100% }
</style>
<h1>Before and after</h1>
<p>Move the line with the mouse or a finger. With the keyboard: Tab chooses a picture, and the arrow keys, Home and
End move its line.</p>
)";

constexpr std::string_view kEnd = R"(<script>
document.addEventListener('input', function (event) {
  event.target.parentNode.style.setProperty('--cut', event.target.value + '%')
})
</script>
</html>
)";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char each : text) {
        if (each == '&')
            out += "&amp;";
        else if (each == '<')
            out += "&lt;";
        else if (each == '>')
            out += "&gt;";
        else if (each == '"')
            out += "&quot;";
        else
            out += each;
    }
    return out;
}

/// A path as a relative address.
std::string address(std::string_view path) {
    constexpr std::string_view kDigits = "0123456789ABCDEF", kPlain = "-_.~/";
    std::string out = "./"; // a colon in the first name would be taken for a scheme
    for (const char each : path) {
        const auto byte = static_cast<unsigned char>(each);
        if ((byte < 0x80 && std::isalnum(byte) != 0) || kPlain.find(each) != std::string_view::npos)
            out += each;
        else
            out += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
    return out;
}

fs::path folder_of(const fs::path &page) {
    return page.parent_path() / (page.stem().string() + "_files");
}

} // namespace

bool ComparePage::is_page(const std::string &file) {
    std::string ending = fs::path(file).extension().string();
    std::ranges::transform(ending, ending.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return ending == ".html" || ending == ".htm";
}

ComparedFiles ComparePage::files_of(std::size_t index) const {
    const std::string name = (folder_of(file_) / std::to_string(index + 1)).string();
    return {name + "-before.jpg", name + "-after.jpg"};
}

void ComparePage::add(const std::string &name, std::size_t index, std::int32_t width, std::int32_t height) {
    const double scale = std::min(1.0, static_cast<double>(kLongest) / std::max(width, height));
    const auto shown = [&](std::int32_t side) {
        return std::max(1, static_cast<std::int32_t>(std::lround(side * scale)));
    };
    entries_.push_back({printable(name), index, shown(width), shown(height)});
}

void ComparePage::write() const {
    std::string page(kHead);
    const auto picture = [&](const std::string &path, const Entry &entry, bool before) {
        const fs::path linked = folder_of(file_).filename() / fs::path(path).filename();
        return std::string("<img loading=\"lazy\"") + (before ? " class=\"before\"" : "") + " width=\"" +
               std::to_string(entry.width) + "\" height=\"" + std::to_string(entry.height) + "\" alt=\"" +
               (before ? "before" : "after") + "\" src=\"" + escaped(address(linked.string())) + "\">\n";
    };
    for (const Entry &entry : entries_) {
        const ComparedFiles files = files_of(entry.index);
        page += "<figure>\n<figcaption>" + escaped(entry.name) + "</figcaption>\n<div class=\"pair\">\n" +
                picture(files.after, entry, false) + picture(files.before, entry, true) +
                "<div class=\"line\"></div>\n<input type=\"range\" min=\"0\" max=\"100\" step=\"0.5\" "
                "value=\"50\" aria-label=\"before and after: " +
                escaped(entry.name) + "\">\n</div>\n</figure>\n";
    }
    write_text(file_, page.append(kEnd));
}

void write_for_page(const std::string &path, const Picture &picture) {
    constexpr int kQuality = 90;
    auto small = reduced(picture, kLongest);
    // A copy either way: places and names of the photographs are not for a page.
    const Picture shown = small ? std::move(*small) : copy_picture(picture, view_of(picture).format);
    write_picture(path, shown, shown.get(), {.jpeg_quality = kQuality, .bit_depth = 0, .format = "jpeg"});
}

} // namespace mirra::cli
