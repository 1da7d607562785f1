// Gathering and laying out.
#include "eval/stylization_sheet.hpp"

#include "eval/picture_tensor.hpp"
#include "eval/similarity.hpp"

#include <algorithm>
#include <cctype>

namespace mirra::trainer {
namespace {

constexpr std::int64_t kLargest = 256; ///< extent that pictures have on a sheet

FloatPicture reduced(const FloatPicture &picture) {
    const std::int64_t longest = std::max(picture.width, picture.height);
    if (longest <= kLargest) return picture;
    const auto scaled = [&](std::int64_t extent) {
        return std::max<std::int64_t>(1, extent * kLargest / longest);
    };
    const auto values = to_tensor({picture});
    return to_picture(
        at::_upsample_bilinear2d_aa(values, {scaled(picture.height), scaled(picture.width)}, false)[0]);
}

std::vector<std::size_t> shown(std::size_t size, std::size_t count) {
    const auto rows = std::min(size, count);
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < rows; ++i) out.push_back(i * size / rows);
    return out;
}

bool contains(const std::vector<std::size_t> &all, std::size_t each) {
    return std::ranges::find(all, each) != all.end();
}

} // namespace

StylizationSheet::StylizationSheet(std::size_t contents, std::size_t styles, std::size_t count)
    : shown_contents_(shown(contents, count))
    , shown_styles_(shown(styles, count)) {}

bool StylizationSheet::shows_content(std::size_t content) const {
    return contains(shown_contents_, content);
}
bool StylizationSheet::shows_style(std::size_t style) const {
    return contains(shown_styles_, style);
}

void StylizationSheet::add_content(std::size_t content, const std::string &name,
                                   const FloatPicture &picture) {
    if (shows_content(content) && !contents_.contains(content))
        contents_.emplace(content, SheetCell{name, reduced(picture)});
}

void StylizationSheet::add_style(std::size_t style, const std::string &name, const FloatPicture &picture) {
    if (shows_style(style)) styles_.emplace(style, SheetCell{name, reduced(picture)});
}

void StylizationSheet::add_result(std::size_t stylizer, std::size_t content, std::size_t style,
                                  const FloatPicture &picture) {
    if (shows_content(content) && shows_style(style))
        results_[stylizer].emplace(Pair{content, style}, reduced(picture));
}

SheetCell StylizationSheet::result(std::size_t stylizer, Pair pair, const std::string &caption) const {
    return {caption, results_.at(stylizer).at(pair)};
}

std::vector<SheetRow> StylizationSheet::grid(std::size_t stylizer) const {
    const FloatPicture blank{1, 1, {1, 1, 1}};
    std::vector<SheetRow> out{{{"", blank}}};
    for (const auto &[style, cell] : styles_) out.front().push_back(cell);
    for (const auto &[content, cell] : contents_) {
        SheetRow row{cell};
        for (const auto &[style, unused] : styles_) row.push_back(result(stylizer, {content, style}, ""));
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<SheetRow> StylizationSheet::comparison(const std::vector<std::string> &names) const {
    std::vector<SheetRow> out;
    auto style = styles_.begin();
    for (const auto &[content, cell] : contents_) {
        if (styles_.empty()) break;
        if (style == styles_.end()) style = styles_.begin();
        SheetRow row{cell, style->second};
        for (std::size_t stylizer = 0; stylizer < names.size(); ++stylizer)
            row.push_back(result(stylizer, {content, style->first}, names[stylizer]));
        out.push_back(std::move(row));
        ++style;
    }
    return out;
}

std::filesystem::path sheet_of(const std::filesystem::path &path, const std::string &name,
                               const std::string &levels) {
    auto part = "-" + name + "-" + levels;
    std::ranges::replace_if(
        part, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_'; }, '-');
    auto out = path;
    out.replace_filename(path.stem().string() + part + path.extension().string());
    return out;
}

} // namespace mirra::trainer
